{
  description = "Roost: one executable that runs Matrix bots on a small server";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs =
    { self, nixpkgs }:
    let
      forEach =
        make:
        nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: make nixpkgs.legacyPackages.${system});
    in
    {
      packages = forEach (pkgs: {
        default = pkgs.callPackage ./nix/package.nix { };
      });
      overlays.default = import ./nix/overlay.nix;
      nixosModules = {
        default = ./nix/module.nix;
        maubot-alias = ./nix/maubot-alias.nix;
      };
      checks = forEach (pkgs: {
        vm = pkgs.callPackage ./nix/vm-test.nix { module = self.nixosModules.default; };
      });
    };
}
