"""Keeps a process from everything but its own folder: Landlock for files, seccomp for what Landlock does not know of.

The numbers are those of linux/landlock.h, linux/seccomp.h and asm/unistd.h. Only the calling thread and what it starts later are
confined, so this comes before any other thread.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from typing import Iterable, NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PATH_BENEATH = 1
BIND_TCP, CONNECT_TCP = 1, 2
SCOPED_SOCKETS_AND_SIGNALS = 3
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, REFER, TRUNCATE = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 13, 1 << 14
READ = EXECUTE | READ_FILE | READ_DIR
# Links, sockets, pipes and devices can be made nowhere.
WRITE = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
RIGHTS_OF_VERSION = {0: 0, 1: 13, 2: 14, 3: 15, 4: 15, 5: 16}

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
MAX_FILE_BYTES = 4 * 2**30
SPARE_TASKS = 256

SYSTEM_PATHS = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/run/current-system"),
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/static/ssl", "/etc/alternatives", "/etc/timezone"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/mime.types", "/etc/os-release", "/etc/fonts"),
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols", "/run/systemd/resolve", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat"),
    *("/sys/devices/system/cpu", "/dev/urandom", "/dev/random", "/dev/zero"),
)


class Confinement(NamedTuple):
    """What a process may do, and all that it starts."""

    read_write: Iterable[str]
    read_only: Iterable[str]
    network: bool


def landlock_version() -> int:
    """0 for a kernel without Landlock: then nothing keeps a process from files."""
    return max(0, _libc.syscall(CREATE_RULESET, None, 0, 1))


def confine(confinement: Confinement) -> None:
    """Confines this process for good. Raises OSError when the kernel refuses a step."""
    _limit()
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "new privileges could not be given up")
    version = landlock_version()
    if version > 0:
        _restrict_files(confinement, version)
    _refuse_sockets(confinement.network)


def end_with_parent() -> None:
    """Ends this process as soon as its parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    try:
        with open("/proc/loadavg", encoding="ascii") as loads:
            tasks = int(loads.read().split()[3].split("/")[1])
        # Beyond what the whole machine runs now: enough for a program's threads, too little for a fork bomb.
        resource.setrlimit(resource.RLIMIT_NPROC, (tasks + SPARE_TASKS, tasks + SPARE_TASKS))
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
            # When memory is short, the kernel takes a plugin before it takes the host.
            score.write("1000")
    except OSError:
        # Without /proc there is one limit less.
        pass


def _restrict_files(confinement: Confinement, version: int) -> None:
    known = 2 ** RIGHTS_OF_VERSION.get(version, 16) - 1
    refused_tcp = 0 if confinement.network else BIND_TCP | CONNECT_TCP
    handled = struct.pack("QQQ", known, refused_tcp, SCOPED_SOCKETS_AND_SIGNALS)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _checked(_libc.syscall(CREATE_RULESET, handled, size, 0), "its rules")
    for path in SYSTEM_PATHS:
        if os.path.exists(path):
            _allow(ruleset, path, READ & known)
    for path in ("/dev/null", *confinement.read_only):
        _allow(ruleset, path, (READ | (WRITE_FILE if path == "/dev/null" else 0)) & known)
    for path in confinement.read_write:
        _allow(ruleset, path, (READ | WRITE) & known)
    _checked(_libc.syscall(RESTRICT_SELF, ruleset, 0), "to be applied")
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    if not os.path.isdir(path):
        rights &= OF_FILES
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(_libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, place), 0), f"a rule for {path}")
    finally:
        os.close(place)


def _checked(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock refused {what}")
    return result


# seccomp_data.arch, then the numbers of socket(2) and io_uring_setup(2), which makes sockets too.
_ARCHITECTURES = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000 | 13, 0x7FFF0000
X32_BIT = 0x40000000
# AF_INET, AF_INET6 and AF_NETLINK, by which the C library learns of the machine's addresses.
INTERNET_FAMILIES = (2, 10, 16)


def _refuse_sockets(network: bool) -> None:
    """The host's control socket and other services of the machine are files that Landlock lets anyone connect to."""
    if platform.machine() not in _ARCHITECTURES:
        raise OSError(f"There is no filter of system calls for {platform.machine()}")
    audit, socket_call, io_uring = _ARCHITECTURES[platform.machine()]
    # Each: what to do, how many to skip if it holds, and if not, and the operand.
    allow, refuse, kill = (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, KILL)
    families = [step for each in INTERNET_FAMILIES for step in ((EQUAL, 0, 1, each), allow)]
    program = [
        *((LOAD, 0, 0, 4), (EQUAL, 1, 0, audit), kill),
        *((LOAD, 0, 0, 0), (AT_LEAST, 0, 1, X32_BIT), refuse),
        *((EQUAL, 0, 1, io_uring), refuse),
        *((EQUAL, 1, 0, socket_call), allow),
        (LOAD, 0, 0, 16),
        *(families if network else ()),
        refuse,
    ]
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    if _libc.prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(header), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp could not be applied")
