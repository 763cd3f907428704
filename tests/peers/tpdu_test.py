# SPDX-License-Identifier: GPL-3.0-or-later
"""Our TPDUs against tshark and npm node-pdu: 10,000 of ours they read as the same fields, and what node-pdu makes we read.

Where a peer is known to be wrong or to lack something, the fields that this touches are not compared with that peer; each such place says
why, and how many of a field must have been compared all the same. Run with /usr/bin/python3 -m pytest; FG_BUILDDIR and FG_SRCDIR name the trees.
"""
import calendar
import collections
import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRCDIR = pathlib.Path(os.environ.get("FG_SRCDIR", ROOT))
BUILDDIR = pathlib.Path(os.environ.get("FG_BUILDDIR", ROOT / "build"))
TOOL = BUILDDIR / "tests" / "peers" / "tpdu_tool"
PEERS = SRCDIR / "tests" / "peers"
NODE = os.environ.get("NODE", "node")
SEED, COUNT = 4, 10000
DIGITS = set("0123456789")
ENHANCED, RELATIVE, ABSOLUTE = 1, 2, 3  # TP-VPF (23.040, 9.2.3.3)


def lines_of(command, given=""):
    done = subprocess.run([str(word) for word in command], input=given, capture_output=True, text=True, cwd=PEERS, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def json_lines(command, given=""):
    return [json.loads(line) for line in lines_of(command, given)]


def utf8(digits):
    return bytes.fromhex(digits).decode()


@pytest.fixture(scope="module")
def corpus():
    return json_lines([TOOL, "make", SEED, COUNT])


class Comparison:
    """Counts what was the same, and keeps what was not."""

    def __init__(self):
        self.same = collections.Counter()
        self.wrong = []

    def equal(self, sample, field, theirs, ours):
        if theirs == ours:
            self.same[field] += 1
        else:
            self.wrong.append(f"{field} of {sample['kind']} {sample['hex']}: {theirs!r}, not {ours!r}")

    def check(self, **at_least):
        assert not self.wrong, "\n".join([f"{len(self.wrong)} differ", *self.wrong[:20]])
        assert {field: self.same[field] for field, least in at_least.items() if self.same[field] < least} == {}


def test_the_corpus_has_every_length_of_every_alphabet_and_header(corpus):
    lengths = collections.defaultdict(set)
    for sample in corpus:
        if sample["kind"] == "report":
            continue
        header = len(sample["udh"]) // 2
        if "body" in sample:
            lengths["octets", sample["udh"][:6], header].add(len(sample["body"]) // 2)
        elif is_ucs2(sample["dcs"]):
            lengths["ucs2", sample["udh"][:6], header].add((sample["udl"] - header) // 2)
        else:
            lengths["septets", sample["udh"][:6], header].add(sample["udl"] - (header * 8 + 6) // 7)
    most = {("septets", 0): 160, ("septets", 6): 153, ("septets", 7): 152, ("ucs2", 0): 70, ("ucs2", 6): 67, ("ucs2", 7): 66,
            ("octets", 0): 140, ("octets", 6): 134, ("octets", 7): 133}
    # plain, 8-bit and 16-bit reference, ports: each with each of the alphabets
    assert len(lengths) == 4 * 3
    for (alphabet, _, header), found in lengths.items():
        assert found == set(range(most[alphabet, header] + 1))
    assert sum(sample.get("text", "").endswith("f09f9880") for sample in corpus) > 500, "too few with a surrogate pair on the last place"


def is_ucs2(dcs):
    return dcs >> 4 == 0xE if dcs >= 0x80 else dcs >> 2 & 3 == 2


# ---- tshark ----


def flattened(packet):
    """All fields of the dissected tree, each with its values in their order."""
    found = collections.defaultdict(list)

    def walk(pairs):
        for key, value in pairs:
            if isinstance(value, list):
                walk(value)
            else:
                found[key.removeprefix("gsm_sms.")].append(value)

    layers = dict(dict(packet)["_source"])["layers"]
    walk([pair for pair in layers if pair[0] in ("gsm_sms", "_ws.malformed")])
    return found


@pytest.fixture(scope="module")
def dissected(corpus, tmp_path_factory):
    if not (shutil.which("tshark") and shutil.which("text2pcap")):
        pytest.skip("tshark is not installed")
    folder = tmp_path_factory.mktemp("tpdu")
    with open(folder / "octets", "w", encoding="ascii") as octets:
        for sample in corpus:
            way = "I" if sample["kind"] == "submit" else "O"
            octets.write(f"{way} 000000 {bytes.fromhex(sample['hex']).hex(' ')}\n")
    lines_of(["text2pcap", "-q", "-D", "-P", "gsm_sms", folder / "octets", folder / "pcap"])
    said = lines_of(["tshark", "-n", "-r", folder / "pcap", "-o", "gsm_sms.reassemble:FALSE", "-T", "json", "-J", "gsm_sms"])
    return [flattened(packet) for packet in json.loads("\n".join(said), object_pairs_hook=list)]


TSHARK_NUMBERS = {"rd": "tp-rd", "srr": "tp-srr", "rp": "tp-rp", "mms": "tp-mms", "lp": "tp-lp", "sri": "tp-sri", "srq": "tp-srq", "vpf": "tp-vpf",
                  "mr": "tp-mr", "pid": "tp-pid", "dcs": "tp-dcs", "relative": "vp.validity_period", "ton": "dis_field_addr.num_type",
                  "npi": "dis_field_addr.num_plan"}
TSHARK_TIME = ("year", "month", "day", "hour", "minutes", "seconds", "timezone")
TSHARK_ADDRESS = {"submit": "tp-da", "deliver": "tp-oa", "report": "tp-ra"}
TSHARK_HEADER = {"05": ["destination_port", "originator_port"], "00": ["udh.mm.msg_id", "udh.mm.msg_parts", "udh.mm.msg_part"]}


def header_values(udh):
    """What tshark shows of our headers: ports, or reference, total and sequence."""
    data = bytes.fromhex(udh)[3:]
    if udh[2:4] == "05":
        return dict(zip(TSHARK_HEADER["05"], ([str(int.from_bytes(data[:2], "big"))], [str(int.from_bytes(data[2:4], "big"))])))
    return dict(zip(TSHARK_HEADER["00"], ([str(int.from_bytes(data[:-2], "big"))], [str(data[-2])], [str(data[-1])])))


def compare_ud_with_tshark(compared, sample, found):
    compared.equal(sample, "udl", found["tp.user_data_length"], [str(sample["udl"])])
    if sample["udh"]:
        for field, value in header_values(sample["udh"]).items():
            compared.equal(sample, "udh", found[field], value)
    # of a report without TP-DCS it shows no user data
    if sample.get("text") and "dcs" in sample:
        compared.equal(sample, "text", found["sms_text"], [utf8(sample["text"])])
    # octets for a port go on to the dissector of that port
    if sample.get("body") and sample["udh"][2:4] != "05":
        compared.equal(sample, "body", [octets.replace(":", "") for octets in found["sms_body"]], [sample["body"]])


def of_first_enhanced_kind(sample):
    """tshark takes the octet behind the first kind of enhanced validity for TP-UDL; 9.2.3.12 gives all kinds 7 octets."""
    return sample.get("vpf") == ENHANCED and bytes.fromhex(sample["hex"])[-sample_tail(sample)] == 1


def sample_tail(sample):
    """Octets from an enhanced validity to the end."""
    septets = "body" not in sample and not is_ucs2(sample["dcs"])
    return 7 + 1 + ((sample["udl"] * 7 + 7) // 8 if septets else sample["udl"])


def may_be_malformed(sample):
    """Its dissector of E.164 numbers, which only international ones go through, finds fault with short numbers and other digits."""
    number = utf8(sample["address"])
    return sample["ton"] == sample["npi"] == 1 and (len(number) < 4 or not set(number) <= DIGITS)


def test_tshark_reads_ours_as_the_same_fields(corpus, dissected):
    compared = Comparison()
    assert len(corpus) == len(dissected) == COUNT
    for sample, found in zip(corpus, dissected):
        skewed = of_first_enhanced_kind(sample)
        for ours, theirs in TSHARK_NUMBERS.items():
            if ours in sample:
                compared.equal(sample, ours, found[theirs], [str(sample[ours])])
        compared.equal(sample, "address", found[TSHARK_ADDRESS[sample["kind"]]], [utf8(sample["address"])])
        # its timezone has no sign; node-pdu's has
        stamps = [sample[name] for name in ("scts", "dt", "absolute") if name in sample]
        for place, field in enumerate(TSHARK_TIME):
            compared.equal(sample, field, found["scts." + field], [str(abs(stamp[place])) for stamp in stamps])
        if sample["kind"] == "report":
            compared.equal(sample, "st", len(found["tp.parameter_indicator"]), sample["has_pi"])
        if "udl" in sample and not skewed:
            compare_ud_with_tshark(compared, sample, found)
        if not may_be_malformed(sample) and not skewed:
            compared.equal(sample, "well-formed", [name for name in found if "alformed" in name], [])
    compared.check(address=COUNT, year=COUNT, timezone=COUNT, udl=7000, text=4500, body=1800, udh=14000, relative=800, **{"well-formed": 9000})


# ---- node-pdu ----


def unix(stamp):
    """Seconds of a time stamp as node-pdu sees it: years above 70 are of the last century."""
    year, month, day, hour, minute, second, zone = stamp
    year += 1900 if year > 70 else 2000
    return calendar.timegm((year, month, day, hour, minute, second)) - zone * 900


def concat_of(udh):
    data = bytes.fromhex(udh)[3:]
    return [int.from_bytes(data[:-2], "big"), data[-2], data[-1]]


def compare_ud_with_node_pdu(compared, sample, found):
    compared.equal(sample, "udl", found["udl"], sample["udl"])
    if sample["udh"][:4] in ("0500", "0608"):
        compared.equal(sample, "concat", found["concat"], concat_of(sample["udh"]))
    if "body" in sample:
        compared.equal(sample, "body", found["body"], sample["body"])
    # of no septets behind fill bits it makes one
    elif sample["text"] or not sample["udh"]:
        compared.equal(sample, "text", found["text"], sample["text"])


def compare_validity_with_node_pdu(compared, sample, found):
    compared.equal(sample, "vpf", found["vpf"], sample["vpf"])
    # its formula for more than 12 hours is not that of 9.2.3.12.1
    if sample["vpf"] == RELATIVE and sample["relative"] <= 143:
        compared.equal(sample, "relative", found["validity_s"], (sample["relative"] + 1) * 300)
    # it cannot write a zone that is no whole number of hours
    if sample["vpf"] == ABSOLUTE and sample["absolute"][6] % 4 == 0:
        compared.equal(sample, "absolute", found["until"], unix(sample["absolute"]))


def compare_with_node_pdu(compared, sample, found):
    compared.equal(sample, "kind", found["kind"], sample["kind"])
    # it forgets TP-MMS when it reads
    for theirs, ours in (("rp", ["rp"]), ("udhi", ["udhi"]), ("report", ["srr", "sri", "srq"]), ("bit2", ["rd"]), ("mr", ["mr"]),
                         ("ton", ["ton"]), ("npi", ["npi"]), ("st", ["st"])):
        for name in ours:
            if name in sample:
                compared.equal(sample, theirs, found[theirs], sample[name])
    # it reads *, #, a, b, c as other digits
    if sample["ton"] == 5 or set(utf8(sample["address"])) <= DIGITS:
        compared.equal(sample, "address", found["address"], sample["address"])
    for name in ("scts", "dt"):
        if name in sample:
            compared.equal(sample, name, found[name], {"unix": unix(sample[name]), "zone": sample[name][6]})
    if sample["kind"] == "report":  # it reads no optional fields of reports
        return
    compared.equal(sample, "pid", found["pid"], sample["pid"])
    if sample["kind"] == "submit":
        compare_validity_with_node_pdu(compared, sample, found)
    # it takes marking for deletion for no mark, and UCS-2 of the waiting group for septets when no indication is on
    if not 0x40 <= sample["dcs"] < 0x80:
        compared.equal(sample, "dcs", found["dcs"], sample["dcs"])
    if sample["dcs"] != 0xE0:
        compare_ud_with_node_pdu(compared, sample, found)


def test_node_pdu_reads_ours_as_the_same_fields(corpus):
    compared = Comparison()
    read = json_lines([NODE, "tpdu_peer.mjs", "read"], "".join(f"00{sample['hex']}\n" for sample in corpus))
    assert len(read) == COUNT
    for sample, found in zip(corpus, read):
        if sample.get("vpf") != ENHANCED:  # which it does not know
            compare_with_node_pdu(compared, sample, found)
    compared.check(kind=9000, address=5500, scts=6600, dt=3300, text=3500, body=1900, concat=2500, relative=400, absolute=180, st=3300)


WANTED = [
    "see you at six", "@", "{}[]~\\|^" * 3, "0123456789" * 13 + "012", "0123456789" * 13 + "0123", "a" * 500,
    "Жизнь", "😀", "a" * 62 + "😀" + "b" * 62 + "😀", "你好" * 60, "é" * 20, "x" * 132 + "[" + "y" * 200,
]


def wanted():
    """What node-pdu is to make, with each text as SUBMIT and DELIVER."""
    count = 0
    for text in WANTED:
        for to in ("+12025550121", "4444", "Fallgate"):
            for zone in (-20, 4, 23):
                count += 1
                common = {"to": to, "text": text, "report": count % 2, "rp": count // 2 % 2, "bit2": count // 4 % 2,
                          "smsc": "12025550199" if count % 3 == 0 else None}
                yield {"kind": "submit", **common, "mr": count % 256, "validity_s": [0, 300, 3600, 43200][count % 4]}
                yield {"kind": "deliver", **common, "unix": 1700000000 + count * 86399, "zone": zone}


def join(parts):
    """The text of parts as a phone reads it: UCS-2 is joined before it is read, since node-pdu cuts pairs in two."""
    if all(is_ucs2(part["dcs"]) for part in parts):
        return b"".join(units_of(part) for part in parts).decode("utf-16-be")
    return "".join(utf8(part["text"]) for part in parts)


def units_of(part):
    header = len(part["udh"]) // 2
    return bytes.fromhex(part["hex"])[-(part["udl"] - header):] if part["udl"] > header else b""


def test_what_node_pdu_makes_is_read_as_it_was_meant():
    asked = list(wanted())
    made = json_lines([NODE, "tpdu_peer.mjs", "make"], "".join(json.dumps(each) + "\n" for each in asked))
    given = [(each["kind"], part) for each, parts in zip(asked, made) for part in parts]
    read = iter(json_lines([TOOL, "read"], "".join(f"{kind} {part}\n" for kind, part in given)))
    compared = Comparison()
    for each, parts in zip(asked, made):
        ours = [{**next(read), "hex": part} for part in parts]
        assert not [part for part in ours if "error" in part], ours
        first = ours[0]
        compared.equal(first, "text", join(ours), each["text"])
        for place, part in enumerate(ours):
            number = utf8(part["address"])
            compared.equal(part, "address", ("+" if part["ton"] == 1 and each["to"][0] == "+" else "") + number, each["to"])
            compared.equal(part, "report", part.get("srr", part.get("sri")), each["report"])
            compared.equal(part, "rp", part["rp"], each["rp"])
            compared.equal(part, "bit2", part.get("rd", part.get("mms")), each["bit2"])
            if len(parts) > 1:
                compared.equal(part, "concat", concat_of(part["udh"])[1:], [len(parts), place + 1])
            if each["kind"] == "deliver":
                compared.equal(part, "scts", (unix(part["scts"]), part["scts"][6]), (each["unix"], each["zone"]))
            else:
                compared.equal(part, "mr", part["mr"], each["mr"])
                compared.equal(part, "relative", (part.get("relative", -1) + 1) * 300, each["validity_s"])
    compared.check(text=len(asked), scts=100, mr=100, concat=200, address=len(given))
