/**
 * A policy's own rules next to the options of the standard: for single attributes, and for instances that are
 * otherwise quarantined.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { settledFile } from '#testing/deidentified-file.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { findElement, rawText } from '../dicom/values.ts';
import { createRules, type RulesSettings } from './rules.ts';

const RAW_DATA = '1.2.840.10008.5.1.4.1.1.66';
const PATIENT: readonly SimpleElement[] = [
  [0x00100010, 'PN', 'DOE^JANE'],
  [0x00100020, 'LO', 'PAT-1'],
];

/** The instance that comes out and has nothing left to change, or why none does. */
async function deidentified(
  elements: readonly SimpleElement[],
  settings: RulesSettings,
  options: readonly string[] = [],
  sopClass = RAW_DATA,
): Promise<ParsedInstance | string> {
  const created = createRules(options, settings);
  if (created.kind === 'refused') throw new Error(created.because);
  const file = builtFile([...PATIENT, ...elements], { sopClass });
  const made = await settledFile(file, created.rules).catch((error: Error) => error.message);
  return typeof made === 'string' ? made : made.instance;
}

/** The same, which must come out. */
async function ready(elements: readonly SimpleElement[], settings: RulesSettings, sopClass?: string) {
  const instance = await deidentified(elements, settings, [], sopClass);
  if (typeof instance === 'string') throw new Error(instance);
  return instance;
}

test('text next to a waveform is quarantined, unless the policy has it cleaned', async () => {
  const after = async (said: string, settings: RulesSettings, ...options: string[]) => {
    const instance = await deidentified([[0x0040b020, 'SQ', [[0x00700006, 'ST', said]]]], settings, options);
    return typeof instance === 'string'
      ? instance
      : rawText(
          findElement(findElement(instance.elements, 0x0040b020)!.items![0]!.elements, 0x00700006),
          instance,
        );
  };
  const said = 'sinus rhythm of Jane Doe';
  assert.is(await after(said, {}), 'cannot-be-deidentified');
  assert.is(await after(said, { waveformAnnotations: 'clean' }), 'sinus rhythm of [removed]');
  assert.is(await after(said, {}, 'clean-structured-content'), 'sinus rhythm of [removed]');
  assert.is(await after('', {}), '');
});

test('a document is quarantined, unless the policy keeps documents as they are', async () => {
  const document = new TextEncoder().encode('%PDF-1.4 of Jane ');
  const pdf = '1.2.840.10008.5.1.4.1.1.104.1';
  const elements: SimpleElement[] = [
    [0x00420010, 'ST', 'Report of Jane'],
    [0x00420011, 'OB', document],
    [0x00420012, 'LO', 'application/pdf'],
  ];
  assert.is(await deidentified(elements, {}, [], pdf), 'cannot-be-deidentified');
  const kept = await ready(elements, { documents: 'keep' }, pdf);
  assert.equal(findElement(kept.elements, 0x00420011)?.bytes?.subarray(0, document.length), document);
  assert.not.ok(rawText(findElement(kept.elements, 0x00420010), kept)?.includes('Jane'));
});

test('a document in an image is held also by a policy that keeps documents', async () => {
  const image: SimpleElement[] = [
    [0x00280010, 'US', 1],
    [0x00280011, 'US', 1],
    [0x7fe00008, 'OF', new Uint8Array(4)],
  ];
  const document: SimpleElement = [0x00420011, 'OB', new TextEncoder().encode('%PDF-1.4 of Jane ')];
  for (const documents of ['keep', 'quarantine'] as const) {
    assert.is(await deidentified([...image, document], { documents }), 'cannot-be-deidentified');
    assert.ok(await ready(image, { documents }));
  }
});

test('a policy may rule on single attributes, but not on those that an instance is known by', async () => {
  const elements: SimpleElement[] = [
    [0x00080070, 'LO', 'MAKER'],
    [0x00081030, 'LO', 'CT HEAD'],
    [0x00090010, 'LO', 'ACME'],
    [0x00091001, 'LO', 'kernel'],
    [0x00181020, 'LO', 'v1'],
    [0x00181030, 'LO', 'protocol'],
  ];
  const attributes = {
    '00081030': 'keep',
    '00080070': 'remove',
    '00181030': 'empty',
    '00181020': 'replace',
    '00091001': 'keep',
    '00090010': 'keep',
  } as const;
  const after = await ready(elements, { attributes });
  assert.equal(
    elements.map(([tag]) => rawText(findElement(after.elements, tag), after)),
    [null, 'CT HEAD', 'ACME', 'kernel', 'REMOVED', ''],
  );
  for (const tag of ['00100010', '0020000d', '7fe00010', '00020010', '00120062']) {
    assert.equal(createRules([], { attributes: { [tag]: 'keep' } }), {
      kind: 'refused',
      because: 'attribute-not-allowed',
      option: tag,
    });
  }
});

test('an attribute that a policy keeps is removed if it is too long for its VR, and held if it names somebody or something', async () => {
  const long = new TextEncoder().encode('Jane '.repeat(14_000));
  // Attributes, one for each of AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UI, UR and UT.
  const tags = [
    0x00080055, 0x00101010, 0x00080008, 0x00080020, 0x00180050, 0x0008002a, 0x00200013, 0x00081030,
    0x00104000, 0x00080090, 0x00081010, 0x00080081, 0x00080030, 0x00080119, 0x00081150, 0x00081190,
    0x0040a160,
  ];
  // Referring Physician's Name, Station AE Title, Station Name, Institution Address
  const NAMING = new Set([0x00080090, 0x00080055, 0x00081010, 0x00080081]);
  for (const tag of tags) {
    const name = tag.toString(16).padStart(8, '0');
    const after = ready([[tag, 'UN', long]], { attributes: { [name]: 'keep' } });
    const left = await after.then(
      ({ elements }) => findElement(elements, tag)?.valueLength ?? 0,
      (error: unknown) => String(error),
    );
    if (NAMING.has(tag)) assert.match(`${left}`, /too-much-to-deidentify/, name);
    else assert.ok(Number(left) < 100, `${name}: ${left} bytes`);
  }
});

test('a policy that replaces a UID or a sequence leaves a UID, and items without what they said', async () => {
  const after = await ready(
    [
      [0x00081150, 'UI', '1.2.3.77'],
      [0x00082218, 'SQ', [[0x00080104, 'LO', 'Chest of Jane']]],
    ],
    { attributes: { '00081150': 'replace', '00082218': 'replace' } },
  );
  assert.match(rawText(findElement(after.elements, 0x00081150), after)!, /^2\.25\.\d+/);
  const [item] = findElement(after.elements, 0x00082218)!.items!;
  assert.is(rawText(findElement(item!.elements, 0x00080104), after), 'REMOVED');
});

test.run();
