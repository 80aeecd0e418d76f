/**
 * Names that the header does not know, behind what people write before them in twelve languages; and ordinary
 * descriptions, which stay. The phrases are data (shared/testing/prose), written without a look at the lists
 * of cues.
 */
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { saysOf } from '#testing/cleaned-text.ts';

const test = suite('names in text');
const PROSE = new URL('../../../testing/prose/', import.meta.url);

interface Phrases {
  readonly names: readonly string[];
  readonly full: readonly string[];
  readonly cues: readonly string[];
  readonly cuesOfFullNames: readonly string[];
}
const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(name, PROSE), 'utf8'));

/** Parts that tell nothing, or too little. */
const PARTICLES = new Set(['der', 'von', 'van', 'del', 'dos', 'بنت']);
const partsOf = (name: string): string[] =>
  name.split(/[\s,.]+/).filter((part) => part.length > 2 && !PARTICLES.has(part));

async function leftOf(cues: readonly string[], names: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const cue of cues) {
    for (const name of names) {
      const said = cue.replace('{}', name);
      const out = (await saysOf(said)) ?? '';
      if (partsOf(name).some((part) => out.includes(part))) left.push(`${said} → ${out}`);
    }
  }
  return left;
}

test('a name behind a title, a role or a label goes, in twelve languages', async () => {
  const languages = Object.entries((await read('names-behind-cues.json')) as Record<string, Phrases>);
  assert.is(languages.length, 12);
  for (const [language, { names, full, cues, cuesOfFullNames }] of languages) {
    assert.equal(await leftOf(cues, names), [], language);
    assert.equal(await leftOf(cuesOfFullNames, full), [], language);
  }
});

test('ordinary descriptions stay as they are, in twelve languages', async () => {
  const languages = Object.entries((await read('ordinary-descriptions.json')) as Record<string, string[]>);
  assert.is(languages.length, 12);
  for (const [language, phrases] of languages)
    for (const said of phrases) assert.is(await saysOf(said), said, language);
});

const WRITTEN: Readonly<Record<string, string>> = {
  'QUILLFEATHER^XAVIER^^^': '[removed]',
  'for Quillfeather^Xavier today': 'for [removed] today',
  'Head^Knie links': 'Head^Knie links',
  'Name: john quillfeather': 'Name: [removed]',
  'Series name: quick scan': 'Series name: quick scan',
  'Patient: Quillfeather Age: 44': 'Patient: [removed] Age: [removed]',
  'Equipment Landmark to Patient Fiducial Z Distance': 'Equipment Landmark to Patient Fiducial Z Distance',
  'mass / height^^2.7': 'mass / height^^2.7',
  'mother of Ann Quillfeather': 'mother of [removed]',
  'Pt. name Quillfeather': 'Pt. name [removed]',
  'Пациентка Гусеперовская': 'Пациентка [removed]',
  '主治医 羽根川': '主治医 [removed]',
  '母：羽根川': '母：[removed]',
  'Dr.Quillfeather': 'Dr.[removed]',
  'Dr. X. Y. Quillfeather-Boone, chest': 'Dr. [removed], chest',
  Technologist_Quillfeather: 'Technologist_[removed]',
  'Na\u00adme: Quill\u200bfeather': 'Na\u00adme: [removed]',
  'Ｎａｍｅ： Ｑｕｉｌｌｆｅａｔｈｅｒ': 'Ｎａｍｅ： [removed]',
  'осмотр Гусеперов И.И.': 'осмотр [removed]',
  結節様陰影: '結節様陰影',
  'name: ': 'name:',
};

/** A role, then a title, then an initial, then a name, in every case. */
const CHAINS = [
  'Radiologist: Dr X Quillfeather',
  'radiologist: dr. x. quillfeather',
  'RADIOLOGIST DR. X QUILLFEATHER',
  'Operator X Quillfeather, knee',
  'operator: x. quillfeather',
  'radiologist: quillfeather',
  'reported by quillfeather',
  'seen by dr quillfeather',
  'Dr. Dr. h.c. X. Quillfeather',
  'PD Dr. med. habil. X. Quillfeather',
  'mrs. quillfeather came',
  'MR X QUILLFEATHER',
  'MR QUILLFEATHER COMPLAINS OF PAIN',
  'mother: mrs quillfeather',
  'oberärztin fr. dr. quillfeather',
  'médecin : dr quillfeather',
  'medico: dott.ssa x. quillfeather',
  'лечащий врач: д-р гусеперов',
  // a relative before a verb
  'mother Xavier Quillfeather reports a fall',
  'his wife quillfeather called',
  'mother, Xaviera Quillfeather, was present',
  'Tochter Quillfeather ruft an',
  'mère Xavière Quillfeather appelle',
  'madre Quillfeather refiere dolor',
  'matka Quillfeather zgłasza ból',
  'мать Гусеперова сообщает',
  // a signature behind two dashes
  '-- x quillfeather md',
  '-- X QUILLFEATHER MD',
  'no fracture -- Xavier Quillfeather, DO',
  '-- Quillfeather RT(R)',
  '-- Quillfeather (MD)',
  '--Quillfeather, Facharzt',
  '-- dr. quillfeather, radiologist',
];

test('behind a cue that a title, an initial, capitals or small letters follow', async () => {
  const left = [];
  for (const said of CHAINS) {
    const out = await saysOf(said);
    if (out === null || /quillf|гусепер/i.test(out)) left.push(`${said} → ${out}`);
  }
  assert.equal(left, []);
});

const NAMES_NOBODY = [
  'radiologist: notified',
  'dr protocol low dose',
  'mr spectroscopy',
  'MR Spectroscopy was normal',
  'brilliant blue MRS stain',
  'Prof protocollo',
  'Врач извещён',
  'mother reports pain',
  'Mutter berichtet von Schmerz',
  'heer der schepping',
  'seen by ultrasound',
  'acquired by scanner',
  'father: hemochromatosis',
  'frau mit rückenschmerz',
  '-- Chest PA',
  '-- see report',
  'm. deltoideus',
  'operator dependent',
];

test('words in small letters behind a cue that name nobody stay', async () => {
  for (const said of NAMES_NOBODY) assert.is(await saysOf(said), said, said);
});

test('in the forms in which people write', async () => {
  for (const [said, left] of Object.entries(WRITTEN)) assert.is(await saysOf(said), left, said);
});

test.run();
