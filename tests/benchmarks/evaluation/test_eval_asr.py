"""`speechtrt eval asr` from end to end, on engines of a tiny random model."""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from speechtrt.audio import read_audio, write_wav
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.eval_commands import evaluate
from speechtrt.benchmarks.evaluation.comparing import compare_all
from speechtrt.benchmarks.evaluation.document import make_document, make_load
from speechtrt.benchmarks.evaluation.errors import analyse
from speechtrt.benchmarks.evaluation.ledger import Heard
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry
from speechtrt.benchmarks.evaluation.markdown import group_table
from speechtrt.benchmarks.evaluation.normaliser import Normaliser, NormaliserName, open_normaliser
from speechtrt.benchmarks.evaluation.scoring import Scored, score_all
from speechtrt.benchmarks.evaluation.system import Decoder, System, find_systems, key
from speechtrt.benchmarks.evaluation.transcribing import Transcripts
from speechtrt.errors import BenchmarkError, DataError
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.precision import Precision
from speechtrt.runtime.asr.decoding.options import GREEDY
from tests.benchmarks.schema_check import violations_in

TINY = "tiny.ort-cpu-fp32"


@pytest.fixture(scope="module")
def engines(tiny_ctc_engines: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("engines")
    shutil.copytree(tiny_ctc_engines, root / "tiny" / "ort-cpu-fp32")
    return root


def run(engines: Path, out: Path, *arguments: str) -> Result:
    fixed = ("--engines", str(engines), "--model", "tiny", "--precision", "fp32", "--out", str(out))
    return CliRunner().invoke(evaluate, ["asr", *arguments, *fixed], catch_exceptions=False)


@pytest.fixture(scope="module")
def evaluated(engines: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("out")
    return run(engines, out, "dialects", "--quick", "--chunk", "160", "--chunk", "560", "--json"), out


def test_it_prints_the_document_that_it_writes(evaluated: tuple[Result, Path]) -> None:
    result, out = evaluated
    path = out / "asr_evaluation_results.json"
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(path.read_text())
    assert violations_in(path) == []


def test_every_utterance_has_what_every_system_wrote(evaluated: tuple[Result, Path]) -> None:
    document = json.loads((evaluated[1] / "asr_evaluation_results.json").read_text())
    assert [s["name"] for s in document["load"]["systems"]] == [f"{TINY}.greedy.160ms", f"{TINY}.greedy.560ms"]
    assert len(document["trials"]) == document["load"]["utterances"] == 10
    assert all(len(trial["hypotheses"]) == 2 for trial in document["trials"])
    assert {trial["group"] for trial in document["trials"]} == set(document["load"]["groups"])


def test_rates_and_differences_are_numbers_by_group(evaluated: tuple[Result, Path]) -> None:
    summary = json.loads((evaluated[1] / "asr_evaluation_results.json").read_text())["summary"]
    for group in ("all", "southern", "indian"):
        place = f"{TINY}.greedy.560ms.{group}"
        assert summary[f"{place}.wer_low"] <= summary[f"{place}.wer"] <= summary[f"{place}.wer_high"]
        assert 0 <= summary[f"{TINY}.greedy.160ms.against.{place}.adjusted_p"] <= 1
    assert summary[f"{TINY}.greedy.560ms.peak_memory_bytes"] > 2**25


def test_the_tables_say_it_in_words(evaluated: tuple[Result, Path]) -> None:
    text = (evaluated[1] / "asr_evaluation_results.md").read_text()
    for heading in ("## Models", "## By dialect", "## Differences", f"## Errors of {TINY}.greedy.160ms"):
        assert heading in text
    assert "no evidence of a difference" in text or "makes fewer errors than" in text or "no difference" in text


def test_the_page_needs_no_network_and_plays_the_worst(evaluated: tuple[Result, Path]) -> None:
    page = (evaluated[1] / "asr_evaluation_results.html").read_text()
    assert page.count("<svg") == 5 and "aria-sort" in page
    assert 'src="data:audio/ogg;base64,' in page
    assert "http://" not in page and "https://" not in page
    assert (
        page.count("<section>") == page.count("</section>") == 6
    )  # models, dialects, differences, recordings, two systems


def test_the_pictures_of_the_page_are_files_that_the_tables_link(evaluated: tuple[Result, Path]) -> None:
    out = evaluated[1]
    written = {path.name for path in out.glob("*.svg")}
    linked = re.findall(r"!\[(.+)\]\((.+)\)", (out / "asr_evaluation_results.md").read_text())
    names = ("models", "groups", "duration", "speaking-rate", "signal-to-noise-ratio")
    assert written == {name for _, name in linked} == {f"asr_evaluation_results_{name}.svg" for name in names}
    page = (out / "asr_evaluation_results.html").read_text()
    for title, name in linked:
        picture = ElementTree.parse(out / name).getroot()
        assert picture.find("{*}title").text == title  # type: ignore[union-attr]
        labels = [text.text for text in picture.iterfind(".//{*}text") if "soft" not in text.get("class", "")]
        assert len(labels) >= 2 and all(f">{label}</text>" in page for label in labels)


def test_error_kinds_are_numbers_too(evaluated: tuple[Result, Path]) -> None:
    summary = json.loads((evaluated[1] / "asr_evaluation_results.json").read_text())["summary"]
    place = f"{TINY}.greedy.160ms"
    kinds = [summary[f"{place}.indian.{kind}"] for kind in ("substitutions", "deletions", "insertions")]
    assert sum(kinds) == pytest.approx(summary[f"{place}.indian.wer"])


def test_nothing_is_heard_or_measured_twice(engines: Path, evaluated: tuple[Result, Path]) -> None:
    before = json.loads((evaluated[1] / "asr_evaluation_results.json").read_text())
    again = run(engines, evaluated[1], "dialects", "--quick", "--chunk", "160", "--chunk", "560")
    after = json.loads((evaluated[1] / "asr_evaluation_results.json").read_text())
    assert again.exit_code == 0, again.output
    assert again.output.count(": 0 of 10 recordings to hear") == 2
    assert after["trials"] == before["trials"]
    assert after["summary"] == before["summary"]


def test_a_killed_run_hears_only_what_is_left(engines: Path, evaluated: tuple[Result, Path], tmp_path: Path) -> None:
    ledger = (evaluated[1] / "asr_evaluation_ledger.jsonl").read_bytes()
    (tmp_path / "asr_evaluation_ledger.jsonl").write_bytes(ledger[: len(ledger) - 30])
    result = run(engines, tmp_path, "dialects", "--quick", "--chunk", "160", "--chunk", "560")
    assert f"{TINY}.greedy.160ms: 0 of 10 recordings to hear" in result.output
    assert f"{TINY}.greedy.560ms: 1 of 10 recordings to hear" in result.output
    summary = json.loads((tmp_path / "asr_evaluation_results.json").read_text())["summary"]
    for chunk in (160, 560):
        assert summary[f"{TINY}.greedy.{chunk}ms.alone_seconds"] > 0
        assert summary[f"{TINY}.greedy.{chunk}ms.peak_memory_bytes"] > 2**25


def test_three_sizes_are_studied_in_one_run(engines: Path, tmp_path: Path) -> None:
    """The same engines under three names: heard once, and routed between."""
    names, out = ("ctc-small", "ctc-medium", "ctc-large"), tmp_path / "out"
    for name in names:
        shutil.copytree(engines / "tiny", tmp_path / "engines" / name)
    models = [part for name in names for part in ("--model", name)]
    fixed = ["--engines", str(tmp_path / "engines"), "--precision", "fp32", "--keyword", "Lights", "--out", str(out)]
    result = CliRunner().invoke(evaluate, ["asr", "dialects", "--quick", *models, *fixed], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.output.count(": 0 of 10 recordings to hear") == 2
    summary = json.loads((out / "asr_evaluation_results.json").read_text())["summary"]
    policies = ("idle-groups-known", "busy-groups-unknown", "50-ms-budget", "idle-keywords-after-a-first-pass")
    for replay in (*names, *(f"routed-{policy}" for policy in policies)):
        place = f"routing.{replay}"
        assert summary[f"{place}.wer_low"] <= summary[f"{place}.wer"] <= summary[f"{place}.wer_high"]
        assert summary[f"{place}.real_time_factor"] > 0
    assert "](asr_evaluation_results_routing.svg)" in (out / "asr_evaluation_results.md").read_text()
    assert (out / "asr_evaluation_results_routing.svg").read_text().count("<circle") >= 1
    assert "Routing between models" in (out / "asr_evaluation_results.html").read_text()


def test_a_corrupt_recording_is_named_and_the_run_goes_on(engines: Path, tmp_path: Path) -> None:
    good = evaluation_utterances()[0]
    shutil.copy(good.path, tmp_path / "good.flac")
    (tmp_path / "broken.flac").write_bytes(good.path.read_bytes()[:300])
    manifest = tmp_path / "m.csv"
    manifest.write_text(f"audio,text,speaker\nbroken.flac,one two,s\ngood.flac,{good.text},s\nnone.flac,three,s\n")
    result = run(engines, tmp_path / "out", str(manifest))
    assert result.exit_code == 0, result.output
    assert "left out broken: its audio cannot be read" in result.output
    assert "left out none: its audio file is missing" in result.output
    document = json.loads((tmp_path / "out" / "asr_evaluation_results.json").read_text())
    assert [t["utterance"] for t in document["trials"]] == ["good"]
    assert str(tmp_path) not in json.dumps(document)


def test_each_recording_is_resampled_by_itself(engines: Path, tmp_path: Path) -> None:
    """One manifest, three rates: the same sound is heard as the same text, and lasts as long."""
    good = evaluation_utterances()[0]
    audio = read_audio(good.path)
    for rate in (16_000, 24_000, 44_100):
        write_wav(tmp_path / f"r{rate}.wav", audio.resampled(rate))
    rows = "".join(f"r{rate}.wav,{good.text},s{rate}\n" for rate in (16_000, 24_000, 44_100))
    (tmp_path / "m.csv").write_text(f"audio,text,speaker\n{rows}")
    result = run(engines, tmp_path / "out", str(tmp_path / "m.csv"))
    assert result.exit_code == 0, result.output
    ledger = (tmp_path / "out" / "asr_evaluation_ledger.jsonl").read_text().splitlines()
    seconds = [json.loads(line)["audio_seconds"] for line in ledger]
    assert seconds == pytest.approx([audio.seconds] * 3, abs=0.001)
    document = json.loads((tmp_path / "out" / "asr_evaluation_results.json").read_text())
    assert document["load"]["sample_rates"] == {"16000": 1, "24000": 1, "44100": 1}
    said = "recordings have 3 sample rates: 16000 Hz (1), 24000 Hz (1), 44100 Hz (1); each is resampled by itself"
    assert said in result.output
    assert violations_in(tmp_path / "out" / "asr_evaluation_results.json") == []


def test_bad_choices_are_one_clear_line(engines: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no column 'device'"):
        run(engines, tmp_path, "dialects", "--group-by", "device")
    with pytest.raises(BenchmarkError, match="has no chunk of 80 ms; it has 160, 560"):
        run(engines, tmp_path, "dialects", "--chunk", "80")
    with pytest.raises(BenchmarkError, match="there is no engine set"):
        find_systems(engines, ["tiny"], [Precision.INT8], [Decoder("greedy", GREEDY)])


def heard(name: str, texts: dict[str, str]) -> Transcripts:
    system = System(name, "ort-cpu-fp32", Decoder("greedy", GREEDY), None, Path())
    rows = {one: Heard(one, text, 2.0, 0.01, 20.0) for one, text in texts.items()}
    return Transcripts(system, rows, (), None)


def entry(name: str, text: str) -> Entry:
    return Entry(name, Path(), text, "s", {"dialect": "indian"})


def scored() -> Scored:
    entries = [entry("a", "Turn the light on."), entry("b", "Go, go!"), entry("c", "light light on")]
    texts = {"a": "turn a light on", "b": "go go go", "c": "night on"}
    [found] = score_all([heard("m", texts)], entries, open_normaliser(NormaliserName.BASIC), "dialect")
    return found


def test_errors_are_counted_by_kind_word_and_pair() -> None:
    analysis = analyse(scored())
    assert [(s.words.substitutions, s.words.deletions, s.words.insertions) for s in scored().scores] == [
        (1, 0, 0),
        (0, 0, 1),
        (1, 1, 0),
    ]
    assert [(k.group, k.substitutions, k.deletions) for k in analysis.kinds] == [("all", 2 / 9, 1 / 9)]
    assert {(c.said, c.heard): c.count for c in analysis.confusions} == {
        ("the", "a"): 1,
        (None, "go"): 1,
        ("light", "night"): 1,
        ("light", None): 1,
    }
    assert [(r.word, r.said, r.recall) for r in analysis.recalls] == [("light", 3, 1 / 3)]
    assert analysis.worst[0].entry.id == "c"


def test_a_group_with_one_speaker_is_marked() -> None:
    entries = [Entry(str(n), Path(), "one two", f"s{n % 2}", {"dialect": "many"}) for n in range(4)]
    entries += [Entry(str(n), Path(), "one two", "lone", {"dialect": "few"}) for n in range(4, 8)]
    texts = {e.id: "one two" if int(e.id) % 3 else "one" for e in entries}
    [found] = score_all([heard("m", texts)], entries, _plain(), "dialect")
    load = make_load("m", "dialect", "none", [found], (), {})
    result = make_document(read_environment(), load, [found], (), (), None, quick=False)
    _, [_, many, few, everything] = group_table(result)
    assert few.endswith(" *") and not many.endswith("*") and not everything.endswith("*")


def test_where_words_have_no_spaces_characters_are_tested_and_analysed() -> None:
    entries = [entry("a", "今日は天気がいい"), entry("b", "明日も晴れ")]
    texts = {"a": "今日は元気がいい", "b": "明日も晴れ"}
    first, second = score_all(
        [heard("x", texts), heard("y", {e.id: e.text for e in entries})], entries, _plain(), "speaker"
    )
    assert first.primary == "cer"
    assert [(s.counted.errors, s.counted.tokens) for s in first.scores] == [(1, 8), (0, 5)]
    assert [(s.words.errors, s.words.tokens) for s in first.scores] == [(1, 1), (0, 1)]
    [found] = compare_all([first, second])
    assert found.paired.difference == pytest.approx(-1 / 13)
    assert [(c.said, c.heard) for c in analyse(first).confusions] == [("天", "元")]


def test_rates_are_said_for_fifths_of_the_recordings() -> None:
    entries = [entry(str(n), "one two three four") for n in range(20)]
    rows = {
        e.id: Heard(e.id, "one two three four"[: 13 if n < 12 else None], 1.0 + n, 0.1, 20.0)
        for n, e in enumerate(entries)
    }
    system = System("m", "ort-cpu-fp32", Decoder("greedy", GREEDY), None, Path())
    [found] = score_all([Transcripts(system, rows, (), None)], entries, _plain(), "dialect")
    analysis = analyse(found)
    duration, _, noise = analysis.relations
    assert [part.label for part in duration.parts][:2] == ["1.0 to 4.0 s", "5.0 to 8.0 s"]
    assert [part.rate.rate for part in duration.parts] == [0.25, 0.25, 0.25, 0.0, 0.0]
    assert duration.correlation is not None and duration.correlation.rho < -0.8
    assert [part.rate.utterances for part in noise.parts] == [20] and noise.correlation is None
    load = make_load("m", "dialect", "none", [found], (), {})
    summary = make_document(read_environment(), load, [found], (), [analysis], None, quick=False).summary
    named = {name: value for name, value in summary.items() if ".correlation." in name and "speaking" not in name}
    ends = {end: getattr(duration.correlation, end) for end in ("rho", "low", "high", "p")}
    assert named == {f"{system.name}.correlation.duration.{end}": value for end, value in ends.items()}


def test_texts_as_they_are_are_scored_too() -> None:
    first = scored().scores[0]
    assert (first.words.errors, first.raw_words.errors) == (1, 3)


def test_only_what_all_systems_heard_is_compared() -> None:
    entries = [entry("a", "one"), entry("b", "two")]
    both = score_all([heard("x", {"a": "one", "b": "two"}), heard("y", {"b": "to"})], entries, _plain(), "speaker")
    assert [[s.entry.id for s in one.scores] for one in both] == [["b"], ["b"]]


def test_groups_become_keys() -> None:
    assert key("US English (South)") == "us-english-south" and key("印") == "none"


def _plain() -> Normaliser:
    return open_normaliser(NormaliserName.NONE)
