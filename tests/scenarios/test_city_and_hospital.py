"""A story of a city and a hospital: what is allowed works, what is not is refused, each time for the right reason."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

import unseen
from tests.adapters.vault_scenes import SOURCES
from tests.dicom.objects import as_file, scan
from tests.engine.engine_fakes import FakeStore, fake_tools, make_photo, shows_face
from tests.engine.governed import CITY, DAY, NOW, Clock, remembered
from unseen.adapters.master_keys import VARIABLE
from unseen.adapters.node_dimse import REFUSED, STORED
from unseen.adapters.spool_file import Spool
from unseen.core.access import Access
from unseen.core.consents import ConsentEvent
from unseen.core.dicom import DicomRecipe
from unseen.core.jobs import Job
from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe, looks_for
from unseen.crypto.keys import Key
from unseen.engine.capability import Capability
from unseen.engine.consents import decide
from unseen.engine.dicom.node import Reception
from unseen.engine.dicom.node_gate import open_node_gate
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.work import DicomSetup
from unseen.engine.governance import Governance, label_path, open_governance
from unseen.engine.hashing import Hasher
from unseen.engine.labelling import label_of, models_of, override, tighten
from unseen.engine.report import Report
from unseen.engine.run import run
from unseen.engine.vault import VaultPlaces, make_vault, open_vault
from unseen.engine.vault_gate import GatedVault, gated
from unseen.errors import Denied, PolicyInvalid, Refused

RULES = """
@id("nothing after hours")
forbid (principal, action == Unseen::Action::"count", resource) when { context.now > 1900000000 };
"""
#: A rule that passes every check and fails whenever it is asked.
BROKEN = '@id("broken") forbid (principal, action, resource) when { context.now * 9223372036854775807 > 0 };'

#: What the hospital may do beside what the city's policy says: keep originals, and take in what its scanner sends.
POLICY = (
    CITY.replace("actions: [redact, train, view]", "actions: [redact, train, view, view-raw, store, dicom]")
    .replace("    outputs: [photo, model]", "    outputs: [photo, model, dicom]")
    .replace("  ward:\n", "  ward:\n    senders: [CT1]\n")
)


class Town:
    """The folder of the city and its hospital, its clock, and everybody who acts in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock, self.told = root, Clock(NOW), 0
        (root / "rules").mkdir(parents=True)
        self.write(rules=RULES)
        self.street = make_photo(root / "street" / "crossing.png", seed=1)
        self.ward = make_photo(root / "ward" / "bed.png", seed=2)
        self.archive = make_photo(root / "archive" / "old.png", seed=3)
        self.found = make_photo(root / "found" / "usb-stick.png", seed=4)
        # Longer than what is decrypted at a time.
        self.scan = root / "ward" / "scan.png"
        self.scan.write_bytes(bytes(range(256)) * (3 << 12))
        self.safe = VaultPlaces(root / "safe" / "vault", root / "safe" / "vault.key")

    def write(self, rules: str, text: str = POLICY) -> None:
        (self.root / "rules" / "hours.cedar").write_text(rules, "utf-8")
        (self.root / "unseen.yaml").write_text(f"rules: [rules/hours.cedar]\n{text}", "utf-8")

    @contextmanager
    def office(self) -> Iterator[Governance]:
        with open_governance(self.root / "unseen.yaml", self.clock) as governance:
            yield governance

    def works(self, actor: str, purpose: str) -> Capability:
        return Capability(purpose, actor, clock=self.clock)

    def redact(self, source: Path, out: str, actor: str, purpose: str) -> Report:
        recipe = Recipe(looks=looks_for(["face"], None))
        job = Job((source,), self.root.parent / out, recipe, purpose=purpose, actor=actor, workers=1)
        return run(job, store=FakeStore(), make_tools=fake_tools)

    @contextmanager
    def vault(self) -> Iterator[GatedVault]:
        with self.office() as office, closing(gated(office, open_vault(self.safe, SOURCES), self.safe)) as vault:
            yield vault

    @contextmanager
    def refused(self, *reasons: str) -> Iterator[None]:
        """Hold that what is inside is refused, for these reasons."""
        self.told += 1
        with pytest.raises(Refused) as told:
            yield
        for reason in reasons:
            assert reason in str(told.value)

    def allowed(self) -> None:
        self.told += 1


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    # The master key of the vault, as `SOURCES` has it.
    monkeypatch.setenv(VARIABLE, "07" * 32)
    return Town(tmp_path / "town")


def test_the_story(town: Town, tmp_path: Path) -> None:
    _the_street(town, tmp_path)
    _the_ward(town)
    _the_people_in_charge(town)
    _the_safe(town, tmp_path)
    _the_scanner(town)
    _the_end_of_storage(town)
    _the_broken_rule(town)
    assert town.told == 54
    _the_ledger(town)


def _the_street(town: Town, tmp_path: Path) -> None:
    """A crossing is filmed to make it safer: that is allowed, and nothing else is."""
    # 1. The operator redacts for the purpose the photo was taken for.
    report = town.redact(town.street, "out", "olga", "research.road-safety")
    done = tmp_path / "out" / "crossing.png"
    assert (report.exit_code, shows_face(done), label_path(done).is_file()) == (0, False, True)
    town.allowed()
    # 2. Anybody who may view for that purpose sees the redacted photo.
    shutil.copytree(tmp_path / "out", town.root / "shown", ignore=shutil.ignore_patterns(".unseen"))
    with town.works("viktor", "research.road-safety") as p:
        assert p.open(town.root / "shown" / "crossing.png").read() == done.read_bytes()
    town.allowed()
    # 3. The same person does not see the raw one.
    with town.works("viktor", "research.road-safety") as p, town.refused("not view-raw"):
        p.open(town.street)
    # 4. Wrong purpose: nobody treats patients with photos of the street.
    with town.works("olga", "care") as p, town.refused("the label allows the purposes research, not care"):
        p.open(town.street, "redact")
    # 5. A purpose that nobody wrote down.
    with town.refused("the policy has no purpose advertising"):
        town.redact(town.street, "x", "olga", "advertising")
    # 6. No purpose at all.
    with town.refused("no purpose is said"):
        unseen.redact(town.street, classes=["face"])
    # 7. A purpose derived from the right one, which admits nobody.
    with town.works("olga", "research.marketing") as p, town.refused("is for nobody"):
        p.open(town.street, "redact")
    # 8. A wider purpose than the data is for: the archive may serve road safety, not all research.
    with town.works("olga", "research") as p, town.refused("not research"):
        p.open(town.archive, "redact")
    # 9. Wrong role.
    with town.refused("viktor has viewer"):
        town.redact(town.street, "x", "viktor", "research.road-safety")
    # 10. Somebody unknown.
    with town.refused("mallory has no role"):
        town.redact(town.street, "x", "mallory", "research.road-safety")
    # 11. An action that the purpose does not allow, and the label prohibits.
    with town.works("olga", "research") as p, town.refused("prohibits to train", "not train"):
        p.open(town.street, "train")
    # 12. To export needs more than a role.
    with town.works("olga", "research") as p, town.refused("has not the permission export"):
        p.open(town.street, "export")
    # 13. A raw view is for who was named: Rosa.
    with town.works("rosa", "research") as p:
        assert p.open(town.street).read() == town.street.read_bytes()
    town.allowed()
    # 14. A photo from nowhere has no label.
    with town.works("olga", "research") as p, town.refused("it has no label"):
        p.open(town.found, "redact")
    # 15. Its finder writes one: without the key it is none.
    values = json.loads(label_path(done).read_text("utf-8"))
    label_path(town.found).write_text(json.dumps(values), "utf-8")
    with town.works("olga", "research") as p, town.refused("belongs to another file"):
        p.open(town.found, "redact")
    # 16. Tampered label: one purpose more.
    label_path(town.root / "shown" / "crossing.png").write_text(
        json.dumps({**values, "purposes": ["care", "research"]}), "utf-8"
    )
    with town.works("olga", "care") as p, town.refused("changed since it was signed"):
        p.open(town.root / "shown" / "crossing.png")
    label_path(town.root / "shown" / "crossing.png").write_text(json.dumps(values), "utf-8")


def _the_ward(town: Town) -> None:
    """A hospital films a bed: every patient is asked."""
    # 17. Nobody was asked yet.
    with town.works("olga", "care") as p, town.refused("names nobody who gave it"):
        p.open(town.ward, "redact")
    with town.office() as office:
        tighten(office, town.ward, "dora", subjects=["Mia", "Noah"])
        yes = ConsentEvent("given", NOW - DAY, NOW + 10 * DAY, notice_version="v1", notice_language="en",
                           method="paper-form")  # fmt: skip
        decide(office, "Mia", "care", yes, "dora")
        # 18. One of two patients has consented: that is not enough.
        with town.works("olga", "care") as p, town.refused("1 of the people in it gave no consent"):
            p.open(town.ward, "redact")
        decide(office, "Noah", "care", yes, "dora")
    # 19. Both have.
    with town.works("olga", "care") as p:
        assert p.open(town.ward, "redact").read()
    town.allowed()
    # 20. Derived purpose: consent to be treated is none to be shown to students.
    with town.works("olga", "care.teaching") as p, town.refused("what was consented to is care"):
        p.open(town.ward, "redact")
    # 21. A model is trained on it, with their consent; its label knows them.
    model = town.root / "model.onnx"
    model.write_bytes(b"weights")
    with town.works("olga", "care") as p:
        label = p.made(model, of=[town.ward], kind="model")
    with town.office() as office:
        assert label.subjects == {office.subject("Mia"), office.subject("Noah")}
        assert [each.item for each in models_of(office, "Mia")[0]] == [label.item]
    town.allowed()
    # 22. No claim without a verification: the model's state does not rise.
    with town.works("olga", "care") as p, town.refused("no verification passed"):
        p.made(model, of=[town.ward], kind="model", state="aggregated", verdict=Verdict("fail"))
    # 23. Mia withdraws while the door is open: the next decision knows.
    with town.works("olga", "care") as p:
        assert p.open(town.ward, "redact").read()
        with town.office() as office:
            decide(office, "Mia", "care", ConsentEvent("withdrawn", NOW), "dora")
        with town.refused("withdrawn consent for care"):
            p.open(town.ward, "redact")
    # 24. So does the model: what was made from it carries the withdrawal.
    with town.works("olga", "care") as p, town.refused("withdrawn consent for care"):
        p.open(model, "train")


def _the_people_in_charge(town: Town) -> None:
    with town.office() as office:
        # 25. An operator may not read who consented to what.
        with town.refused("olga may not read consents"):
            office.require("olga", "read-consents")
        # 26. An auditor reads everything and changes nothing.
        office.require("ada", "read-lineage")
        with town.refused("ada may not override"):
            override(office, town.street, "aggregated", "ada", "as I please")
        # 27. One person alone raises no state, two do.
        assert override(office, town.archive, "contextual", "dora", "no people in it")[1] is False
        assert label_of(office, town.archive).state == "raw"
        label, done = override(office, town.archive, "contextual", "anton", "looked at it, too")
        assert (label.state, done) == ("contextual", True)
        town.allowed()
        # 28. The ledger has all of it, and no name.
        written = remembered(town.root)
        words = {word for event in written for word in event.encoded().decode().replace('"', " ").split()}
        assert {"olga", "dora", "Mia", "Noah", "crossing.png"} & words == set()
        assert sum(event.kind == "access.denied" for event in written) >= 15
        town.allowed()


def _the_safe(town: Town, backup: Path) -> None:
    """The hospital keeps an original in its vault, and a thief has hands on the disk, but not on the key file."""
    make_vault(town.safe, "environment", SOURCES).close()
    with town.office() as office:
        tighten(office, town.scan, "dora", subjects=["Paul"])
    with town.vault() as vault:
        # 29. Without consent it is not even kept.
        with town.refused("1 of the people in it gave no consent for care"):
            vault.put(town.scan, ["care"], "olga")
        with town.office() as office:
            yes = ConsentEvent("given", NOW - DAY, notice_version="v1", notice_language="en", method="paper-form")
            decide(office, "Paul", "care", yes, "dora")
            decide(office, "Paul", "care.teaching", yes, "dora")
        # 30. Nor for a purpose that it was not taken for.
        with town.refused("the label allows the purposes care, not research"):
            vault.put(town.scan, ["care", "research"], "olga")
        # 31. With consent, and for its purpose, it is.
        assert vault.put(town.scan, ["care"], "olga") == "scan.png"
        town.allowed()
        # 32. To take it out as it is has to be said in so many words,
        with town.refused("--unsafe-view-raw"):
            vault.get("scan.png", "care", "rosa", backup / "out.png")
        # 33. which helps nobody who has not the permission.
        with town.refused("olga has not the permission view-raw"):
            vault.get("scan.png", "care", "olga", backup / "out.png", unsafe_view_raw=True)
        # 34. Rosa has: the item comes out with its label.
        vault.get("scan.png", "care", "rosa", backup / "out.png", unsafe_view_raw=True)
        assert (backup / "out.png").read_bytes() == town.scan.read_bytes()
        assert label_path(backup / "out.png").is_file()
        town.allowed()
        # 35. Paul agrees to teaching, too, and yet nothing opens it for that: no wrap, no key.
        with town.refused("nothing opens it for care.teaching"):
            vault.open("scan.png", "care.teaching", "rosa")
        # 36. A thief copies the wrap for care to teaching.
        with closing(sqlite3.connect(town.safe.folder / "wraps.db")) as thief, thief:
            thief.execute("INSERT INTO unseen_wrap SELECT item, 'care.teaching', generation, wrapped FROM unseen_wrap")
        with town.refused("was made for something else"):
            vault.open("scan.png", "care.teaching", "rosa")
        # 37. A viewer does not get rid of it.
        with town.refused("viktor may not keep vault"):
            vault.erase(["scan.png"], "viktor")
    # 38. From Python it is opened by its name, for its purpose.
    with Capability("care", "olga", vault=town.safe.folder, clock=town.clock) as p:
        assert p.open("vault:scan.png", "redact").read() == town.scan.read_bytes()
        town.allowed()
        # 39. Its wrap is withdrawn while somebody reads: the stream ends there.
        stream = p.open("vault:scan.png", "redact")
        assert stream.read(10) == town.scan.read_bytes()[:10]
        with town.vault() as vault:
            shutil.copytree(town.safe.folder, backup / "backup")
            assert vault.withdraw("scan.png", "care", "dora")
        with town.refused("was withdrawn while the item was read"):
            stream.read()
        # 40. It does not open again.
        with town.refused("nothing opens it for care"):
            p.open("vault:scan.png", "redact")
    # 41. Without a policy above it, a vault is closed to everybody.
    with Capability("care", "rosa", vault=backup / "backup") as p, town.refused("without a policy nobody may view-raw"):
        p.open("vault:scan.png")
    with town.vault() as vault:
        # 42. Paul wants it gone: it is erased,
        assert vault.erase(["scan.png"], "dora") == 1
        town.allowed()
        # 43. and nobody finds it any more.
        with town.refused("scan.png: is not in the vault"):
            vault.open("scan.png", "care", "rosa")
    # 44. Somebody restores the backup of wraps and data, from when it could be opened: it opens nothing.
    shutil.rmtree(town.safe.folder)
    shutil.copytree(backup / "backup", town.safe.folder)
    with town.vault() as vault, town.refused("as in a backup from before an erasure"):
        vault.open("scan.png", "care", "rosa")


def _the_scanner(town: Town) -> None:
    """Between the hospital's scanner and its research a node takes out who it is, patient by patient."""
    spool, file = town.root.parent / "spool", as_file(scan())
    with ExitStack() as stack:
        # 45. A node for a purpose that knows no DICOM does not start.
        with town.refused("research allows"):
            open_node_gate(spool, Access("research", "olga", town.root / "unseen.yaml"), DicomRecipe(), stack)
        access = Access("care", "olga", town.root / "unseen.yaml")
        recipe, gate = open_node_gate(spool, access, DicomRecipe(), stack, clock=town.clock)
        assert gate is not None
        waiting = stack.enter_context(Spool(spool))
        tools = open_dicom_tools(DicomSetup(recipe, Hasher(Key(bytes(32))), spool, spool))
        node = Reception(tools, waiting, 9, lambda: None, gate)
        # 46. The patient was not asked: the object stays with its sender.
        assert node(file, "CT1") == REFUSED
        town.allowed()
        with town.office() as office:
            yes = ConsentEvent("given", NOW - DAY, notice_version="v1", notice_language="en", method="paper-form")
            decide(office, "PX-556677", "care", yes, "dora")
            # 47. With consent it goes through.
            assert (node(file, "CT1"), len(waiting)) == (STORED, 1)
            town.allowed()
            # 48. Another machine, which no source has, is not heard.
            assert (node(file, "XA2"), len(waiting)) == (REFUSED, 1)
            town.allowed()
            # 49. The patient withdraws: the next object knows.
            decide(office, "PX-556677", "care", ConsentEvent("withdrawn", NOW), "dora")
            assert (node(as_file(scan(SOPInstanceUID="1.2.3.5")), "CT1"), len(waiting)) == (REFUSED, 1)
            town.allowed()


def _the_end_of_storage(town: Town) -> None:
    town.clock.now = NOW + 11 * DAY
    # 50. Noah's consent has expired.
    with town.works("olga", "care") as p, town.refused("has expired; renew it"):
        p.open(town.ward, "redact")
    # 51. What the archive had to delete is not opened any more.
    town.clock.now = NOW + 31 * DAY
    with town.works("olga", "research.road-safety") as p, town.refused("had to be deleted by"):
        p.open(town.archive, "redact")


def _the_broken_rule(town: Town) -> None:
    town.clock.now = NOW
    # 52. A rule that is no rule is refused before anything is opened.
    town.write(rules="forbid (principal, action, resource) when { resource.colour == 1 };")
    with pytest.raises(PolicyInvalid, match="does not fit the schema"), town.works("olga", "research") as p:
        p.open(town.street, "redact")
    town.allowed()
    # 53. A rule that fails when it is asked denies what was allowed until now.
    town.write(rules=BROKEN)
    with town.works("olga", "research.road-safety") as p, town.refused("a rule failed, so nothing is allowed"):
        p.open(town.street, "redact")
    # 54. Mended, all is as it was.
    town.write(rules=RULES)
    with town.works("olga", "research.road-safety") as p, pytest.raises(Denied):
        p.open(town.street, "view-raw")
    with town.works("rosa", "research") as p:
        assert p.open(town.street).read()
    town.allowed()


def _the_ledger(town: Town) -> None:
    """Every reason of the story is in the ledger, whose rows are those that were signed."""
    told = {code for event in remembered(town.root) for code in _codes(event.details.get("reasons", ""))}
    assert {
        "purpose-unknown", "purpose-missing", "no-label", "tampered", "wrong-purpose", "prohibited", "retention-over",
        "consent-missing", "consent-withdrawn", "consent-expired", "action", "role", "permission", "rule-error",
        "no-item",
    } <= told  # fmt: skip


def _codes(reasons: object) -> list[str]:
    return reasons.split(",") if isinstance(reasons, str) else [str(each) for each in reasons]  # type: ignore[attr-defined]
