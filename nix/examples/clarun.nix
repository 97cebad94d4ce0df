# A host with the homeserver conduwuit for clarun.xyz, one Instagram bot, and secrets by sops-nix; through the alias, as
# `services.roost` it is the same.
{ config, ... }:
let
  secret = {
    sopsFile = ./secrets.yaml;
    restartUnits = [ "roost.service" ];
  };
in
{
  imports = [
    ../module.nix
    ../maubot-alias.nix
  ];

  sops.secrets = {
    registration_token = secret;
    roost_password_hash = secret;
  };

  services.dev-platform.maubot = {
    enable = true;
    secrets = {
      registration_token = config.sops.secrets.registration_token.path;
      password_hash = config.sops.secrets.roost_password_hash.path;
    };
    settings = {
      homeserver.url = "http://127.0.0.1:8008";
      homeserver.registration_token.file = "$CREDENTIALS_DIRECTORY/registration_token";
      admin = {
        account = "@roost:clarun.xyz";
        room = "#admins:clarun.xyz";
        username = "admin";
        password_hash.file = "$CREDENTIALS_DIRECTORY/password_hash";
      };
    };
    accounts."@instagram:clarun.xyz".displayname = "Instagram";
    instances.instagram = {
      plugin = "instagram";
      account = "@instagram:clarun.xyz";
      rooms = [ "#pictures:clarun.xyz" ];
    };
    healthcheck.enable = true;
  };
}
