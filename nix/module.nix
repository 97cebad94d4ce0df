# services.roost: see docs/install-nixos.md. The unit itself is src/commands/install/unit.json, which `roost install` uses too.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.roost;
  inherit (lib) mkIf;

  unit = lib.importJSON ../src/commands/install/unit.json;
  asAttrs = section: lib.listToAttrs (map ({ name, value, ... }: lib.nameValuePair name value) section);
  words = lib.splitString " ";

  state = "/var/lib/roost";
  includeFolder = "/etc/roost/instances.d";

  # JSON is YAML, and jq breaks it into lines that a message can point at.
  settingsFile =
    pkgs.runCommand "roost.yaml"
      {
        nativeBuildInputs = [ pkgs.jq ] ++ lib.optional cfg.checkConfig cfg.package;
        value = builtins.toJSON cfg.settings;
        passAsFile = [ "value" ];
      }
      (
        ''
          jq . < "$valuePath" > $out
        ''
        + lib.optionalString cfg.checkConfig ''
          export STATE_DIRECTORY=$TMPDIR/state
          ${putPlugins "$STATE_DIRECTORY"}
          roost check --no-secrets --config $out
        ''
      );
  putPlugins =
    folder:
    lib.concatMapStrings (plugin: ''
      install -D -m 0600 ${plugin} ${folder}/plugins/${plugin.name or (baseNameOf (toString plugin))}
    '') cfg.plugins;

  isWhole = cfg.configFile != null;
  configFile = if isWhole then "/run/credentials/roost.service/config.yaml" else settingsFile;
  credentials = cfg.secrets // lib.optionalAttrs isWhole { "config.yaml" = cfg.configFile; };
  environment = {
    ROOST_CONFIG = configFile;
    STATE_DIRECTORY = state;
  };

  # A state folder of a user that systemd makes up is closed to all units that do not ask for it by name.
  asUser = lib.optionalAttrs cfg.dynamicUser {
    DynamicUser = true;
    StateDirectory = "roost";
    StateDirectoryMode = "0700";
  };

  # `sudo roost status` finds config and data by itself.
  command = pkgs.writeShellScriptBin "roost" ''
    export ROOST_CONFIG=''${ROOST_CONFIG:-${configFile}} STATE_DIRECTORY=''${STATE_DIRECTORY:-${state}}
    exec ${lib.getExe cfg.package} "$@"
  '';

  host = cfg.settings.server.host or "127.0.0.1";
  isLoopback = builtins.match "localhost|::1|127(\\.[0-9]{1,3}){3}" host != null;
in
{
  imports = [ ./options.nix ];

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = isLoopback && !(cfg.settings.server.allow_remote or false);
        message = "services.roost: other machines could reach ${host}. Leave settings.server.host at 127.0.0.1 and use ssh -L 29316:127.0.0.1:29316 HOST.";
      }
      {
        assertion = isWhole || cfg.settings ? homeserver;
        message = "services.roost: set settings.homeserver.url, or configFile.";
      }
      {
        assertion = !isWhole || (cfg.accounts == { } && cfg.instances == { } && !(cfg.settings ? homeserver));
        message = "services.roost: configFile is the whole config: leave out settings, accounts and instances.";
      }
    ];

    services.roost.settings = mkIf (!isWhole) {
      accounts = mkIf (cfg.accounts != { }) cfg.accounts;
      instances = mkIf (cfg.instances != { }) cfg.instances;
      backup = { inherit (cfg.backup) at keep; };
      include = lib.mkDefault [
        "${state}/instances.d/*.yaml"
        "${includeFolder}/*.yaml"
      ];
    };

    users = mkIf (!cfg.dynamicUser) {
      users.roost = {
        isSystemUser = true;
        group = "roost";
        home = state;
      };
      groups.roost = { };
    };
    environment.systemPackages = [ command ];
    systemd.tmpfiles.rules = [
      "d ${includeFolder} ${if cfg.dynamicUser then "0755 root root" else "0750 root roost"} -"
    ];

    systemd.services.roost =
      let
        settings = asAttrs unit.Unit;
      in
      {
        description = settings.Description;
        after = words settings.After;
        wants = words settings.Wants;
        wantedBy = map ({ value, ... }: value) unit.Install;
        unitConfig = removeAttrs settings [
          "Description"
          "After"
          "Wants"
        ];
        environment.ROOST_CONFIG = configFile;
        path = lib.filter (each: each != null) [
          cfg.python
          cfg.ytDlp
          cfg.chromium
        ];
        preStart = mkIf (cfg.plugins != [ ]) (putPlugins state);
        restartTriggers = [ configFile ];
        serviceConfig = asAttrs unit.Service // asUser // {
          ExecStart = "${lib.getExe cfg.package} serve --config ${configFile}";
          LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") credentials;
        };
      };

    systemd.services.roost-health = mkIf cfg.healthcheck.enable {
      description = "Whether Roost is well";
      after = [ "roost.service" ];
      inherit environment;
      inherit (cfg.healthcheck) onFailure;
      serviceConfig = asUser // {
        Type = "oneshot";
        User = "roost";
        ExecStart = "${lib.getExe cfg.package} health --wait 60";
      };
    };
    systemd.timers.roost-health = mkIf cfg.healthcheck.enable {
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnBootSec = cfg.healthcheck.interval;
        OnUnitInactiveSec = cfg.healthcheck.interval;
      };
    };

    systemd.services.roost-backup-copy = mkIf (cfg.backup.copyTo != null) {
      description = "Copies of Roost's backups";
      unitConfig.RequiresMountsFor = cfg.backup.copyTo;
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${lib.getExe pkgs.rsync} --archive --delete ${state}/backups/ ${cfg.backup.copyTo}/";
      };
    };
    systemd.timers.roost-backup-copy = mkIf (cfg.backup.copyTo != null) {
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnCalendar = "*-*-* ${cfg.backup.at}:00";
        RandomizedDelaySec = "1h";
        FixedRandomDelay = true;
        Persistent = true;
      };
    };
  };
}
