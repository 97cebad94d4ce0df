# Roost from source. The dependencies are one fixed-output derivation, the only step with a network; Bun comes with them, pinned by
# package-lock.json. hash-node-modules.sh recomputes the hashes after a change of that file.
{
  lib,
  stdenvNoCC,
  stdenv,
  nodejs,
  cacert,
  patchelf,
}:
let
  root = ../.;
  manifest = lib.importJSON ../package.json;
  hashes = lib.importJSON ./node-modules.json;
  system = stdenv.hostPlatform.system;
  cpu = if stdenv.hostPlatform.isAarch64 then "arm64" else "x64";

  nodeModules = stdenvNoCC.mkDerivation {
    pname = "roost-node-modules";
    inherit (manifest) version;
    src = lib.fileset.toSource {
      inherit root;
      fileset = lib.fileset.unions [
        ../package.json
        ../package-lock.json
        ../.npmrc
        ../build/empty-module
      ];
    };
    nativeBuildInputs = [
      nodejs
      cacert
    ];
    buildPhase = ''
      export HOME=$TMPDIR
      npm ci --ignore-scripts --os=linux --cpu=${cpu} --libc=glibc
      # It names the version of npm.
      rm -f node_modules/.package-lock.json
    '';
    installPhase = "mv node_modules $out";
    # Nothing of the store may get into a fixed output, such as the first line of a script.
    dontFixup = true;
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    outputHash = hashes.${system};
  };
in
stdenvNoCC.mkDerivation {
  pname = "roost";
  inherit (manifest) version;
  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      ../src
      ../build
      ../package.json
      ../tsconfig.json
      ../config.example.yaml
      ../roost.schema.json
    ];
  };
  nativeBuildInputs = [ patchelf ];

  buildPhase = ''
    runHook preBuild
    cp -r --no-preserve=ownership ${nodeModules} node_modules
    chmod -R u+w node_modules
    # The executable is Bun with the program inside, and takes over its loader. Only the loader may be changed: `patchelf --set-rpath`,
    # autoPatchelfHook and strip each make it crash, or forget the program.
    bun=node_modules/@oven/bun-linux-${if cpu == "arm64" then "aarch64" else cpu}/bin/bun
    patchelf --set-interpreter ${stdenv.cc.bintools.dynamicLinker} $bun
    export HOME=$TMPDIR
    $bun build/compile.ts --outfile dist/roost
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    install -D -m 755 dist/roost $out/bin/roost
    install -D -m 644 -t $out/share/roost config.example.yaml roost.schema.json
    runHook postInstall
  '';
  dontStrip = true;
  dontPatchELF = true;

  # A damaged executable would be Bun itself, which also ends with 0: so its answers are looked at.
  doInstallCheck = true;
  installCheckPhase = ''
    $out/bin/roost --version | grep -F "roost ${manifest.version}"
    printf 'homeserver: { url: "https://matrix.example.org" }\n' > check.yaml
    $out/bin/roost check --config check.yaml | grep -F "is fine"
    $out/bin/roost demo --once --port 0
  '';

  meta = {
    description = "One executable that runs Matrix bots on a small server";
    license = lib.licenses.mit;
    mainProgram = "roost";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
    sourceProvenance = [
      lib.sourceTypes.fromSource
      lib.sourceTypes.binaryNativeCode
    ];
  };
}
