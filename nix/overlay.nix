final: _: { roost = final.callPackage ./package.nix { }; }
