# services.roost: see docs/install-nixos.md. The unit itself is src/commands/install/unit.json, which `roost install` uses too.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.roost;
  inherit (lib) mkIf mkOption types;

  unit = lib.importJSON ../src/commands/install/unit.json;
  asAttrs = section: lib.listToAttrs (map ({ name, value, ... }: lib.nameValuePair name value) section);
  words = lib.splitString " ";

  state = "/var/lib/roost";
  includeFolder = "/etc/roost/instances.d";

  yaml =
    let
      value =
        types.nullOr (
          types.oneOf [
            types.bool
            types.int
            types.float
            types.str
            (types.listOf value)
            (types.attrsOf value)
          ]
        )
        // {
          description = "YAML value";
        };
    in
    value;

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

  # `sudo roost status` finds config and data by itself.
  command = pkgs.writeShellScriptBin "roost" ''
    export ROOST_CONFIG=''${ROOST_CONFIG:-${configFile}} STATE_DIRECTORY=''${STATE_DIRECTORY:-${state}}
    exec ${lib.getExe cfg.package} "$@"
  '';

  host = cfg.settings.server.host or "127.0.0.1";
  isLoopback = builtins.match "localhost|::1|127(\\.[0-9]{1,3}){3}" host != null;
in
{
  options.services.roost = {
    enable = lib.mkEnableOption "Roost, which runs Matrix bots";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package to run.";
    };

    settings = mkOption {
      type = types.attrsOf yaml;
      default = { };
      example = lib.literalExpression ''
        {
          homeserver.url = "https://matrix.example.org";
          homeserver.registration_token.file = "$CREDENTIALS_DIRECTORY/registration_token";
        }
      '';
      description = ''
        The config as config.example.yaml shows it, checked while the system is built. It is readable by everybody: name secrets
        by `{ file = "$CREDENTIALS_DIRECTORY/NAME"; }` and give them in `secrets`.
      '';
    };

    configFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = lib.literalExpression "config.sops.secrets.roost.path";
      description = ''
        The whole config as one secret YAML file, instead of `settings`. It is read when the unit starts; set
        `sops.secrets.NAME.restartUnits = [ "roost.service" ]`, so that a change takes effect.
      '';
    };

    secrets = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = lib.literalExpression "{ registration_token = config.sops.secrets.registration_token.path; }";
      description = ''
        Files with secrets, by the name under which the config finds them: `{ file = "$CREDENTIALS_DIRECTORY/NAME"; }`. They may stay
        root's own: systemd hands a copy to the unit when it starts. Set `sops.secrets.NAME.restartUnits = [ "roost.service" ]`.
      '';
    };

    accounts = mkOption {
      type = types.attrsOf (types.attrsOf yaml);
      default = { };
      example = lib.literalExpression ''{ "@instagram:example.org".displayname = "Instagram"; }'';
      description = "The Matrix users that Roost logs in as; becomes `settings.accounts`.";
    };

    instances = mkOption {
      type = types.attrsOf (types.attrsOf yaml);
      default = { };
      description = "The bots; becomes `settings.instances`. What admins keep in ${includeFolder}/*.yaml is added.";
    };

    plugins = mkOption {
      type = types.listOf (types.either types.package types.path);
      default = [ ];
      example = lib.literalExpression "[ ./weather-v1.2.0.mbp ]";
      description = "Plugin archives, put into the data folder when the unit starts; the page can add others.";
    };

    python = mkOption {
      type = types.nullOr types.package;
      default = null;
      example = lib.literalExpression "pkgs.python3.withPackages (python: [ python.mautrix python.aiohttp ])";
      description = "The Python that plugins written in it run with.";
    };

    ytDlp = mkOption {
      type = types.nullOr types.package;
      default = null;
      example = lib.literalExpression "pkgs.yt-dlp";
      description = "yt-dlp, the Instagram bot's last way to a post.";
    };

    checkConfig = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the build runs `roost check` on `settings`. Turn it off to build for another kind of processor.";
    };

    backup = {
      at = mkOption {
        type = types.str;
        default = "03:30";
        description = "When Roost makes its daily backup, into ${state}/backups.";
      };
      keep = mkOption {
        type = types.ints.positive;
        default = 7;
        description = "How many are kept.";
      };
      copyTo = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = "/mnt/backup/roost";
        description = "A folder, best on another disk, that the backups are copied to within the hour after. It holds the bots' logins.";
      };
    };

    healthcheck = {
      enable = lib.mkEnableOption "a regular `roost health`, whose unit roost-health.service fails when Roost does";
      interval = mkOption {
        type = types.str;
        default = "5min";
        description = "The time between two checks.";
      };
      onFailure = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "notify-admins.service" ];
        description = "Units to start when a check fails.";
      };
    };
    # There is no openFirewall: page and API are for this machine, and for others by an SSH tunnel.
  };

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

    users.users.roost = {
      isSystemUser = true;
      group = "roost";
      home = state;
    };
    users.groups.roost = { };
    environment.systemPackages = [ command ];
    systemd.tmpfiles.rules = [ "d ${includeFolder} 0750 root roost -" ];

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
        ];
        preStart = mkIf (cfg.plugins != [ ]) (putPlugins state);
        restartTriggers = [ configFile ];
        serviceConfig = asAttrs unit.Service // {
          ExecStart = "${lib.getExe cfg.package} serve --config ${configFile}";
          LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") credentials;
        };
      };

    systemd.services.roost-health = mkIf cfg.healthcheck.enable {
      description = "Whether Roost is well";
      after = [ "roost.service" ];
      inherit environment;
      inherit (cfg.healthcheck) onFailure;
      serviceConfig = {
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
