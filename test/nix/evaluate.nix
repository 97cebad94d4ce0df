# Evaluates a host's configuration with the real module system of nixpkgs' lib. The rest of NixOS is stood in for: what the module sets
# elsewhere is only collected, and packages are their names.
{ libPath, host }:
let
  lib = import libPath;
  inherit (lib) mkOption types;
  collected = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  file = name: { type = "derivation"; inherit name; outPath = "/nix/store/${name}"; meta.mainProgram = name; };
  pkgs = {
    runCommand = name: attrs: script: file name // { inherit script; inherit (attrs) value; };
    writeShellScriptBin = name: text: file name // { inherit text; };
    callPackage = path: _: file "roost";
    curl = file "curl";
    jq = file "jq";
    rsync = file "rsync";
  };
  service = types.submodule {
    freeformType = types.attrsOf types.anything;
  };
  standIns = {
    options = {
      assertions = mkOption { type = types.listOf types.anything; default = [ ]; };
      users = collected;
      sops.secrets = mkOption {
        type = types.attrsOf (
          types.submodule (
            { name, ... }:
            {
              options = {
                path = mkOption { default = "/run/secrets/${name}"; };
                sopsFile = mkOption { type = types.path; };
                restartUnits = mkOption { type = types.listOf types.str; };
              };
            }
          )
        );
        default = { };
      };
      environment.etc = collected;
      environment.systemPackages = mkOption { type = types.listOf types.anything; };
      systemd.tmpfiles.rules = mkOption { type = types.listOf types.str; default = [ ]; };
      systemd.timers = mkOption { type = types.attrsOf service; default = { }; };
      systemd.services = mkOption { type = types.attrsOf service; default = { }; };
    };
    config._module.args = { inherit pkgs; };
  };
  inherit (lib.evalModules { modules = [ standIns host ]; }) config;
  text = value: if lib.isBool value then lib.boolToString value else toString value;
  lines =
    section:
    lib.concatLists (lib.mapAttrsToList (name: value: map (each: "${name}=${text each}") (lib.toList value)) section);
  render =
    {
      description ? "",
      after ? [ ],
      wants ? [ ],
      wantedBy ? [ ],
      onFailure ? [ ],
      unitConfig ? { },
      environment ? { },
      path ? [ ],
      preStart ? "",
      serviceConfig,
      ...
    }:
    lib.concatLines (
      [ "[Unit]" "Description=${description}" ]
      ++ lines (
        lib.filterAttrs (_: value: value != "") {
          After = toString after;
          Wants = toString wants;
          OnFailure = toString onFailure;
        }
        // unitConfig
      )
      ++ [ "" "[Service]" ]
      ++ map (name: "Environment=${name}=${environment.${name}}") (lib.attrNames environment)
      ++ lib.optional (path != [ ]) "Environment=PATH=${lib.makeBinPath path}"
      ++ lib.optional (preStart != "") "ExecStartPre=${preStart}"
      ++ lines serviceConfig
      ++ lib.optionals (wantedBy != [ ]) [ "" "[Install]" "WantedBy=${toString wantedBy}" ]
    );
in
{
  refused = map ({ message, ... }: message) (lib.filter ({ assertion, ... }: !assertion) config.assertions);
  services = lib.mapAttrs (_: render) config.systemd.services;
  timers = lib.attrNames config.systemd.timers;
  settings = config.services.roost.settings;
  build = (lib.findFirst (_: true) null config.systemd.services.roost.restartTriggers).script or "";
  users = lib.attrNames (config.users.users or { });
  tmpfiles = config.systemd.tmpfiles.rules;
}
