# SPDX-License-Identifier: MIT
"""A boot case: a stanza of test/boot/*.conf, read, run and judged by its serial log alone."""
import configparser
import dataclasses
import glob
import hashlib
import itertools
import os
import re
import subprocess
import sys
import threading
import time

import deviations
import lane

FORBIDDEN = [r"^@trivet1 panic", r"\bPANIC\b", r"were not given back"]
MACHINE_KEYS = {field.name: field.type for field in dataclasses.fields(lane.Machine)}
OTHER_KEYS = {
    "cmdline": "", "modules": "", "image": "", "expect": "", "forbid": "", "once": "", "input": "",
    "picture": "", "keys": "", "end": "off", "timeout": "60", "long": "no", "each": "",
    "manifest": "", "tiny": "", "paste": "0", "tiny-keys": "memory = 32M",
}  # fmt: skip
TINY = "build/guests/tiny"
NOISE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
MOVED = re.compile(r"\x1b\[[0-9;]*H")  # the cursor elsewhere: for us another line


def plain(text):
    return NOISE.sub("", MOVED.sub("\n", text))


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def tiny_guests(words):
    """The guests that are named; a word with a * stands for all of guests/tiny that it fits, and
    -NAME takes one of them out."""
    named, out = [], {word[1:] for word in words.split() if word[0] == "-"}
    for word in words.split():
        found = sorted(glob.glob(f"guests/tiny/{word}.[cS]")) if "*" in word else [word]
        named += [os.path.splitext(os.path.basename(path))[0] for path in found]
    return [guest for guest in named if guest not in out and guest[0] != "-"]


class Case:
    """One machine to boot: what it is, what it must say, and how it must end."""

    def __init__(self, name, keys, where):
        unknown = set(keys) - set(MACHINE_KEYS) - set(OTHER_KEYS)
        if unknown:
            sys.exit(f"{where}: [{name}]: unknown key: {', '.join(sorted(unknown))}")
        values = {**OTHER_KEYS, **keys}
        self.name, self.cmdline, self.image = f"boot/{name}", values["cmdline"], values["image"]
        self.modules, self.picture = lines(values["modules"]), lines(values["picture"])
        self.expect = lines(values["expect"])
        self.once = lines(values["once"])
        panics = any("panic" in pattern for pattern in self.expect)
        self.forbid = ([] if panics else FORBIDDEN) + lines(values["forbid"])
        self.manifest = values["manifest"].lstrip("\n")
        self.input = [line.split(" -> ") for line in lines(values["input"])]
        self.keys = [line.split(" -> ") for line in lines(values["keys"])]
        # `paste = N`: N numbered lines, typed at once where the input says <paste>; the guest says each again.
        self.paste = [f"{n:04} Pack my box with five dozen liquor jugs" for n in range(int(values["paste"]))]
        self.once += [f"^said: {line}$" for line in self.paste]
        self.in_order = [f"said: {line}" for line in self.paste]
        self.end, self.timeout = values["end"], float(values["timeout"])
        self.long = values["long"] == "yes"
        chosen = {k: (int if MACHINE_KEYS[k] is int else str)(v) for k, v in keys.items()
                  if k in MACHINE_KEYS}  # fmt: skip
        if self.picture:  # the picture outlives the machine's power-off
            chosen["qemu"] = chosen.get("qemu", "") + " -no-shutdown"
        self.machine = lane.Machine(**chosen)
        self.guests = [guest.partition("@")[0] for guest in tiny_guests(values["tiny"])]
        for guest in tiny_guests(values["tiny"]):
            self.add_tiny(guest, values["tiny-keys"])
        for pattern in self.expect + self.forbid + self.once + [t for t, _ in self.input + self.keys]:
            try:
                re.compile(pattern)
            except re.error as error:
                sys.exit(f"{where}: [{name}]: {pattern!r} is no regular expression: {error}")

    def add_tiny(self, guest, keys):
        """A tiny guest as a machine of its name, which must say ok and end with status 0. NAME@CORES
        says where it runs. Of what the emulated processor gets wrong it is told (deviations.py)."""
        guest, _, cores = guest.partition("@")
        keys += f"\ncores = {cores}" if cores else ""
        parts = deviations.known(self.machine, self.cmdline).get(guest, {})
        keys += f"\ncmdline = {deviations.skip_words(parts)}" if parts else ""
        file = guest + (".bin" if guest.startswith("flat_") else ".elf")
        self.modules.append(f"{TINY}/{file}")
        self.manifest += f"\n[vm {guest}]\nkernel = {file}\n{keys}\n"
        self.once += [rf"^\[{guest}\] (ok|skipped) {guest}\b",
                      rf"^@trivet1 vm name={guest} state=stopped reason=debug-exit status=0$"]  # fmt: skip
        self.forbid += [rf"^\[{guest}\] FAIL"]

    def names(self):
        """Its own, and where several tiny guests share a boot one for each."""
        return [self.name] + [f"{self.name}/{guest}" for guest in self.guests if len(self.guests) > 1]

    def needs(self):
        """What `make` must have built before."""
        built = [word for module in self.modules for word in module.split()[:1]]
        kernel = ["build/trivet.iso"] if self.image else ["build/trivet.elf"]
        return kernel + [path for path in built if path.startswith("build/")]


def multiply(name, keys):
    """`each = key: v1 v2` gives a case a value; each further line multiplies again. {key} stands
    for the value in every other key. `each = a+b: v1+w1 v2+w2` gives several keys one together."""
    axes = []
    for line in lines(keys.pop("each", "")):
        key, _, values = line.partition(":")
        axes.append([(key.strip(), value) for value in values.split()])
    for chosen in itertools.product(*axes):
        made, words = dict(keys), [name]
        for together, word in chosen:
            joined = list(zip(together.split("+"), word.split("+"))) if "+" in together else [(together, word)]
            for key, value in joined:
                made = {k: v.replace("{" + key + "}", value) for k, v in made.items()}
                made.update({key: value} if key in MACHINE_KEYS or key in OTHER_KEYS else {})
            words.append("+".join(value for key, value in joined if key != "long"))
        yield "-".join(words), made


def load(directory="test/boot"):
    cases = []
    for path in sorted(glob.glob(f"{directory}/*.conf")):
        parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
        try:
            parser.read(path, encoding="utf-8")
        except configparser.Error as error:
            sys.exit(str(error))
        for section in parser.sections():
            for name, keys in multiply(section, dict(parser[section])):
                cases.append(Case(name, keys, path))
    return cases


class Images:
    """Images by what is in them: made once, shared by the cases that boot the same."""

    def __init__(self, kernel="build/trivet.elf", release="build/trivet.iso"):
        self.kernel, self.release = kernel, release
        self.lock, self.made = threading.Lock(), {}

    def of(self, case):
        if case.image == "release":
            return self.release
        bios = ["--bios"] if case.machine.firmware == "bios" else []
        words = bios + ["--cmdline", case.cmdline]
        key = hashlib.sha256(repr([words, case.modules, case.manifest]).encode()).hexdigest()[:12]
        path = f"build/test/images/{key}.iso"
        modules = [*case.modules]
        if case.manifest:
            modules.append(f"build/test/images/{key}/trivet.conf")
        with self.lock:
            if key not in self.made:
                if case.manifest:
                    os.makedirs(f"build/test/images/{key}", exist_ok=True)
                    with open(modules[-1], "w", encoding="utf-8") as file:
                        file.write(case.manifest + "\n")
                command = ["sh", "test/iso.sh", *words, path, self.kernel, *modules]
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
                self.made[key] = path
        return path


class Watch:
    """Follows a serial line: what was expected and seen, what was forbidden and seen."""

    def __init__(self, case, write):
        self.case, self.write = case, write
        self.rest, self.seen, self.wrong = "", 0, ""
        self.count = {pattern: 0 for pattern in case.once}
        self.to_type, self.in_order = list(case.input), list(case.in_order)

    def feed(self, data):
        *whole, self.rest = MOVED.sub("\n", self.rest + data).split("\n")
        for line in whole:
            self.line(NOISE.sub("", line))
        self.prompt(NOISE.sub("", self.rest))

    def line(self, text):
        if text in self.case.in_order and text != (self.in_order or [""]).pop(0):
            self.wrong = self.wrong or f"not in order: {text}"
        for pattern in self.count:
            self.count[pattern] += bool(re.search(pattern, text))
        self.wrong = self.wrong or next((text for p in self.case.forbid if re.search(p, text)), "")
        if not self.all_seen() and re.search(self.case.expect[self.seen], text):
            self.seen += 1
        self.prompt(text)

    def prompt(self, text):
        """A prompt has no line feed, so what is to be typed may wait at half a line."""
        if self.to_type and text and re.search(self.to_type[0][0], text):
            typed = self.to_type.pop(0)[1].replace("<paste>", "\r".join(self.case.paste))
            self.write(typed.encode().decode("unicode_escape").encode("latin-1") + b"\r")

    def hopeless(self):
        """Whether nothing more is to be learned: where guests share a boot, the others' ends are, though one fails."""
        return self.wrong and not (len(self.case.guests) > 1 and re.match(r"\[\w+\] FAIL", self.wrong))

    def all_seen(self):
        return self.seen == len(self.case.expect)

    def verdict(self, end):
        if self.wrong:
            return f"seen, though forbidden: {self.wrong}"
        if not self.all_seen():
            return f"not seen: {self.case.expect[self.seen]}   (the machine's end: {end})"
        for pattern, count in self.count.items():
            if count != 1:
                return f"seen {count} times, not once: {pattern}"
        if end != self.case.end:
            return f"the machine's end: {end}, not: {self.case.end}"
        return ""


def guest_points(case, log_path):
    """Of a boot that several tiny guests share: (name, wrong, skip) of each, by what the log has of it."""
    with open(log_path, encoding="utf-8", errors="replace") as file:
        text = plain(file.read())
    points = []
    for name in case.names()[1:]:
        guest = os.path.basename(name)
        failed = re.search(rf"^\[{guest}\] (FAIL.*)", text, re.MULTILINE)
        said = re.search(rf"^\[{guest}\] (ok|skipped) {guest}\b:? *(.*)", text, re.MULTILINE)
        end = re.search(rf"^@trivet1 vm name={guest} state=stopped (.*)", text, re.MULTILINE)
        well = said and end and end[1] == "reason=debug-exit status=0"
        wrong = failed[1] if failed else "" if well else end[1] if end else "did not come to its end"
        points.append((name, wrong, said[2] if said and said[1] == "skipped" else ""))
    return points


def screen_text(run, path):
    """What the screen shows: VGA's own memory, and for a framebuffer what screen.py reads there."""
    text = run.text_screen()
    reader = "test/boot/screen.py"
    if os.path.exists(reader):
        run.screendump(path)
        text += subprocess.run([sys.executable, reader, path], stdout=subprocess.PIPE,
                               universal_newlines=True, check=False).stdout  # fmt: skip
    return text


def run(case, images, log_path, stopping):
    """Boots the case; returns "" or what was wrong. The log is kept."""
    os.makedirs(os.path.dirname(log_path), exist_ok=True)
    image = images.of(case)
    deadline, end, missing = time.monotonic() + case.timeout, None, list(case.picture)
    look, keys = time.monotonic() + 1, list(case.keys)
    with open(log_path, "wb") as log, lane.Run(case.machine, image) as machine:
        watch = Watch(case, machine.write)
        while end is None:
            data = machine.read(0.2)
            log.write(data or b"")
            watch.feed((data or b"").decode("utf-8", "replace"))
            if data is None:
                watch.feed("\n")
                end = machine.end()
            elif watch.hopeless() and deadline > time.monotonic() + 2:
                deadline = time.monotonic() + 2  # the lines after it say why
            elif time.monotonic() > deadline:
                end = "none in the time limit"
            elif stopping.is_set():
                end = "interrupted"
            elif case.end == "seen" and watch.all_seen() and not missing:
                end = "seen"
            elif case.picture and time.monotonic() > look:
                look = time.monotonic() + 1
                halted = machine.halted()
                text = screen_text(machine, log_path.replace(".log", ".ppm"))
                missing = [p for p in missing if not re.search(p, text, re.MULTILINE)]
                if keys and re.search(keys[0][0], text, re.MULTILINE):
                    machine.press(keys.pop(0)[1])
                end = "off" if halted else None
        if end == "none in the time limit" and machine.qmp:
            log.write(b"\n--- the screen at the end ---\n" + machine.text_screen().encode())
        elif machine.machine.lane == "vmx" and end.startswith("died"):
            log.write(b"\n--- Bochs ---\n" + machine.log("bochs.log")[-4000:].encode())
    wrong = watch.verdict(end)
    return wrong or (f"not on the screen: {missing[0]}" if missing else "")
