# nix build .#checks.x86_64-linux.vm: a whole machine with a homeserver and a bot. It needs nixpkgs and KVM; where Roost is developed
# neither is to be had: its machine and script were evaluated, and booted by nobody yet. bench/container.ts proves the same on a real systemd.
{ testers, module }:
testers.runNixOSTest {
  name = "roost";
  nodes.machine =
    { pkgs, ... }:
    {
      imports = [ module ];
      environment.systemPackages = [ pkgs.curl ];
      environment.etc."roost-token".text = "letmein";
      services.matrix-continuwuity = {
        enable = true;
        settings.global = {
          server_name = "test";
          port = [ 8008 ];
          allow_registration = true;
          registration_token = "letmein";
        };
      };
      services.roost = {
        enable = true;
        secrets.registration_token = "/etc/roost-token";
        settings = {
          homeserver.url = "http://127.0.0.1:8008";
          homeserver.registration_token.file = "$CREDENTIALS_DIRECTORY/registration_token";
        };
        accounts."@echo:test" = { };
        instances.echo = {
          plugin = "echo";
          account = "@echo:test";
          rooms = [ "#bots:test" ];
        };
        healthcheck.enable = true;
      };
    };
  testScript = ''
    machine.wait_for_unit("roost.service")
    machine.wait_until_succeeds("curl -fsS http://127.0.0.1:29316/livez")
    machine.wait_until_succeeds("systemctl show roost -p StatusText | grep '1/1 accounts syncing'")

    with subtest("comes back after kill -9"):
        machine.succeed("systemctl kill -s KILL roost")
        machine.wait_until_succeeds("systemctl show roost -p NRestarts | grep =1")
        machine.wait_until_succeeds("systemctl show roost -p StatusText | grep '1/1 accounts syncing'")

    with subtest("waits for a homeserver that is away"):
        machine.succeed("systemctl stop continuwuity")
        machine.succeed("systemctl restart roost")
        machine.succeed("systemctl start continuwuity")
        machine.wait_until_succeeds("systemctl show roost -p StatusText | grep '1/1 accounts syncing'")

    with subtest("answers the command line, and the health check succeeds"):
        machine.succeed("roost status")
        machine.succeed("systemctl start roost-health.service")

    machine.succeed("systemd-analyze security --threshold=15 roost.service")
  '';
}
