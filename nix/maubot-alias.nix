# `services.dev-platform.maubot` means the whole of `services.roost`: for hosts whose configuration was planned around a maubot module
# of that name. It stands in that module's place; there are no options of maubot's own.
{ lib, ... }:
{
  imports = [
    (lib.mkAliasOptionModule [ "services" "dev-platform" "maubot" ] [ "services" "roost" ])
  ];
}
