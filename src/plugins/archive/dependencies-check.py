"""Judges Python plugins without running any of their code: compiles the sources, looks for the main class, and compares what
they declare and import with what this interpreter has. Reads one JSON job from stdin, writes one JSON answer to stdout.

job:    {sources: {path: base64}, modules: [str], mainModule, mainClass, required: [str], soft: [str], platform: [str]}
answer: {version, faults: [{file, line, message}], hasMain, comparesVersions, requirements: [{name, wanted, found, isMet, isRequired, fault}],
         imports: [{name, distribution, found, isRequired}], commands: [str]}
"""

import ast
import base64
import json
import sys

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 15


def main():
    version = "%d.%d.%d" % sys.version_info[:3]
    if sys.version_info < (3, 11):
        return {"version": version}
    limit()
    job = json.load(sys.stdin)
    own = {module.split(".")[0] for module in job["modules"]}
    trees, faults = {}, []
    for path, source in job["sources"].items():
        # What else lies in a source archive, such as templates and tests, is no part of the plugin.
        is_own = name_of(path).split(".")[0] in own
        tree = check(path, base64.b64decode(source), faults if is_own else [])
        if tree is not None:
            trees[path] = tree
    files = {name_of(path): path for path in trees}
    main_tree = trees.get(files.get(job["mainModule"]))
    return {
        "version": version,
        "faults": faults,
        "hasMain": main_tree is not None and defines(main_tree.body, job["mainClass"]),
        "comparesVersions": find_parser() is not None,
        "requirements": requirements(job["required"], True) + requirements(job["soft"], False),
        "imports": imports(job, trees, files) if not faults else [],
        "commands": commands(tree for path, tree in trees.items() if name_of(path).split(".")[0] in own),
    }


def limit():
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            pass


def check(path, source, faults):
    try:
        tree = ast.parse(source, path)
        compile(tree, path, "exec", dont_inherit=True)
        return tree
    except SyntaxError as error:
        faults.append({"file": path, "line": error.lineno or 1, "message": str(error.msg)[:200]})
    except (ValueError, RecursionError, MemoryError, UnicodeError, OverflowError) as error:
        message = str(error)[:200] or "it is nested too deeply"
        faults.append({"file": path, "line": 1, "message": message})
    return None


def name_of(path):
    parts = path[: -len(".py")].split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def blocks(node):
    for field in ("body", "orelse", "finalbody"):
        yield from getattr(node, field, [])
    for part in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
        yield from part.body


def defines(body, name):
    for node in body:
        if isinstance(node, ast.ClassDef):
            if node.name == name:
                return True
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name == "*" or (alias.asname or alias.name.split(".")[0]) == name:
                    return True
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return True
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and defines(blocks(node), name):
            return True
    return False


def commands(trees):
    """The names given to `@command.new`, or of the functions where none is given."""
    names = set()
    for tree in trees:
        for node in ast.walk(tree):
            for mark in getattr(node, "decorator_list", []):
                call = mark.func if isinstance(mark, ast.Call) else mark
                if not (isinstance(call, ast.Attribute) and call.attr == "new" and getattr(call.value, "id", "") == "command"):
                    continue
                given = [*mark.args[:1], *(k.value for k in mark.keywords if k.arg == "name")] if call is not mark else []
                if not given:
                    names.add(node.name)
                elif isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
                    names.add(given[0].value[:100])
    return sorted(names)[:50]


def top_imports(body, is_hard):
    """Each import that happens when the module is loaded; soft where a failure may be caught or the branch not taken."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, is_hard
        elif isinstance(node, ast.ClassDef):
            yield from top_imports(node.body, is_hard)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            yield from top_imports(node.body, is_hard)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from top_imports(blocks(node), False)


def all_imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def targets(node, module, is_package):
    """The absolute names that an import statement may load."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        package = module.split(".") if is_package else module.split(".")[:-1]
        package = package[: len(package) - node.level + 1]
        base = ".".join([*package, *([base] if base else [])])
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def imports(job, trees, files):
    inside = {name_of(path).split(".")[0] for path in job["sources"]}
    hard, soft, seen = set(), set(), set()
    queue = list(job["modules"])
    while queue:
        module = queue.pop()
        if module in seen or module not in files:
            continue
        seen.add(module)
        path = files[module]
        if "." in module:
            queue.append(module.rpartition(".")[0])
        for node, is_hard in top_imports(trees[path].body, True):
            for target in targets(node, module, path.endswith("/__init__.py")):
                if target.split(".")[0] in inside:
                    queue.extend([target] if is_hard else [])
                elif is_hard and not getattr(node, "level", 0):
                    hard.add(target.split(".")[0])
    own = {module.split(".")[0] for module in job["modules"]}
    for module, path in files.items():
        if module.split(".")[0] in own:
            for node in all_imports(trees[path]):
                if not getattr(node, "level", 0):
                    soft |= {target.split(".")[0] for target in targets(node, module, False)[:1]}
                    if isinstance(node, ast.Import):
                        soft |= {alias.name.split(".")[0] for alias in node.names}
    known = inside | set(job["platform"]) | set(sys.stdlib_module_names) | {""}
    return [describe(name, name in hard) for name in sorted((hard | soft) - known)[:200]]


def describe(name, is_required):
    import importlib.metadata as metadata
    import importlib.util

    try:
        is_there = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        is_there = False
    distribution = found = None
    if is_there:
        distribution = next(iter(metadata.packages_distributions().get(name, [])), None)
        found = version_of(distribution) if distribution else "unknown"
    return {"name": name, "distribution": distribution, "found": found, "isRequired": is_required}


def version_of(name):
    import importlib.metadata as metadata

    try:
        return metadata.version(name) or "unknown"
    except (metadata.PackageNotFoundError, ValueError, KeyError):
        return None


def requirements(texts, is_required):
    parser = find_parser()
    return [item for text in texts if (item := requirement(text, is_required, parser)) is not None]


def find_parser():
    for module in ("packaging.requirements", "pip._vendor.packaging.requirements"):
        try:
            return __import__(module, fromlist=["Requirement"]).Requirement
        except ImportError:
            pass
    return None


def requirement(text, is_required, parser):
    """None where its marker says that it is for other machines."""
    item = {"name": text.strip(), "wanted": "", "found": None, "isMet": False, "isRequired": is_required, "fault": None}
    if parser is None:
        import re

        item["name"] = re.match(r"\s*([A-Za-z0-9][\w.-]*)", text).group(1)
        item["wanted"] = text.strip()[len(item["name"]) :].split(";")[0].strip()
        item["found"] = version_of(item["name"])
        item["isMet"] = item["found"] is not None
        return item
    try:
        parsed = parser(text)
        if parsed.marker is not None and not parsed.marker.evaluate({"extra": ""}):
            return None
        item.update(name=parsed.name, wanted=str(parsed.specifier), found=version_of(parsed.name))
        item["isMet"] = item["found"] is not None and parsed.specifier.contains(item["found"], prereleases=True)
    except Exception as error:
        item["fault"] = str(error).split("\n")[0][:200]
    return item


# Whatever is in the way of an answer is the answer: this program's own failure must not read like the plugin's.
json.dump(main(), sys.stdout)
