# nix/package.nix over this machine's own programs instead of nixpkgs': the functions of nixpkgs that it uses are stood in for, while the
# builder, its sandbox and the check of the fixed output are Nix's own.
let
  system = builtins.currentSystem;

  # Into the store, so that the executable gets a loader from there, as on NixOS.
  loader = builtins.path {
    path = builtins.head (
      builtins.filter builtins.pathExists [
        /lib64/ld-linux-x86-64.so.2
        /lib/ld-linux-aarch64.so.1
      ]
    );
  };

  fileset = {
    unions = files: map toString files;
    toSource =
      { root, fileset }:
      let
        isIn = folder: path: path == folder || builtins.substring 0 (builtins.stringLength folder + 1) path == "${folder}/";
      in
      builtins.path {
        name = "source";
        path = root;
        filter = path: _: builtins.any (each: isIn each path || isIn path each) fileset;
      };
  };

  mkDerivation =
    attrs:
    derivation (
      removeAttrs attrs [ "meta" ]
      // {
        inherit system;
        name = "${attrs.pname}-${attrs.version}";
        builder = "/bin/sh";
        args = [
          "-euc"
          ''
            export PATH=/usr/bin:/bin
            runHook() { :; }
            cp -r "$src" source
            chmod -R u+w source
            cd source
            eval "$buildPhase"
            eval "$installPhase"
            if [ "''${doInstallCheck:-}" = 1 ]; then eval "$installCheckPhase"; fi
          ''
        ];
      }
    );
in
import ../../nix/package.nix {
  lib = {
    inherit fileset;
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    licenses.mit = null;
    sourceTypes = {
      fromSource = null;
      binaryNativeCode = null;
    };
  };
  stdenv = {
    hostPlatform = {
      inherit system;
      isAarch64 = system == "aarch64-linux";
    };
    cc.bintools.dynamicLinker = loader;
  };
  stdenvNoCC = { inherit mkDerivation; };
  # On the PATH of the builder above.
  nodejs = null;
  cacert = null;
  patchelf = null;
}
