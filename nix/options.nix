# What can be set under services.roost; module.nix makes the units of it.
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;

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
      description = "The bots; becomes `settings.instances`. What admins keep in /etc/roost/instances.d/*.yaml is added.";
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

    chromium = mkOption {
      type = types.nullOr types.package;
      default = null;
      example = lib.literalExpression "pkgs.chromium";
      description = ''
        A browser on the unit's PATH, for trusted plugins that drive one: no plugin of Roost's own does, and confined ones start no
        program. The unit allows no namespaces, so it has to run with `--no-sandbox`, and within the unit's 512 MB.
      '';
    };

    dynamicUser = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether systemd makes the user up while the unit runs (`DynamicUser=`), instead of the system keeping a user `roost`. No user stays
        then where no bots run. What it costs: only root can look into the databases and at files of the bots, since there is no
        `sudo -u roost`, and /etc/roost/instances.d is readable by everybody.
      '';
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
        description = "When Roost makes its daily backup, into /var/lib/roost/backups.";
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
}
