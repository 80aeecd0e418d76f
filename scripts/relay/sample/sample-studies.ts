/**
 * The studies of `relay sample`: invented patients, whose names and Patient IDs say so, with films, slices and scans
 * that are drawn here. The same each time, bit for bit: sent again, a study is the same study.
 */
import type { BuiltImage, SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { samplePatientId } from '#shared/protocol/sample.ts';
import {
  axialElements,
  buildDrawn,
  CT_ELEMENTS,
  FILM_ELEMENTS,
  FILM_SIDE,
  grey,
  INTERCEPT,
} from '../../../client/src/pipeline/ingest/choose/sample-study.ts';
import { drawFilm, drawScan, drawSlice, SCAN, seeded } from './draw-slices.ts';

/** Derived from the UUID 7c1f3a52-93d4-4e0b-8a6d-50b2c7e40000; the last digits count (PS3.5 §B.2). */
const FIRST_UUID = 0x7c1f3a5293d44e0b8a6d50b2c7e40000n;

export const SAMPLE_KINDS = ['CR', 'CT', 'MR', 'US'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

export type SampleStudy = {
  readonly number: number;
  readonly kind: SampleKind;
  readonly studyInstanceUID: string;
  readonly patient: number;
  /** The film has something to be found in it. */
  readonly isOpaque: boolean;
  /** Sent without names, as researchers see studies: the gateway gives it another UID. */
  readonly isDeidentified: boolean;
};

/** A film for every second study, and the other kinds in turn; a patient who has two has them one after the other. */
export function sampleStudies(count: number): SampleStudy[] {
  const others = ['CT', 'MR', 'US'] as const;
  return Array.from({ length: count }, (_, at) => {
    // Every fourth patient has a film and a CT, an MR or a scan.
    const patient = at % 8 === 1 ? at : at + 1;
    const kind = at % 2 === 0 ? 'CR' : others[((at - 1) / 2) % others.length]!;
    return {
      number: at + 1,
      kind,
      studyInstanceUID: uid(at + 1, 0, 0),
      patient,
      isOpaque: at % 4 === 2,
      // Films, CT and MR: names may be drawn into the pictures of a scan.
      isDeidentified: kind !== 'US' && patient > 9 && patient % 7 < 3,
    };
  });
}

const SURNAMES = [
  ...['Quince', 'Medlar', 'Sorrel', 'Tansy', 'Yarrow', 'Borage', 'Lovage', 'Salsify', 'Damson', 'Bergamot'],
  ...['Chicory', 'Fennel', 'Juniper', 'Marjoram', 'Nettle', 'Parsnip', 'Rhubarb', 'Saffron', 'Teasel'],
  ...['Verbena', 'Woodruff', 'Angelica', 'Burdock', 'Caraway', 'Dill', 'Elder', 'Gentian', 'Hyssop'],
  ...['Lupin', 'Mallow'],
];

/** Of each file of a study. */
type Form = {
  readonly files: number;
  readonly elements: readonly SimpleElement[];
  /** Pixels of an axial slice to a side, and the millimetres between them; null: no slice. */
  readonly axial: { readonly side: number; readonly spacing: number } | null;
  /** `height`: from the first file (0) to the last (1). */
  readonly draw: (study: SampleStudy, number: number, height: number) => BuiltImage;
};

const CT = { phantom: 'thorax', side: 192, offset: -INTERCEPT, background: -1000 } as const;
const MR = { phantom: 'head', side: 160, offset: 0, background: 8 } as const;

const FORMS: Readonly<Record<SampleKind, Form>> = {
  CR: {
    files: 1,
    axial: null,
    draw: ({ number, isOpaque }) => grey(FILM_SIDE, drawFilm(number, isOpaque)),
    elements: [
      ...FILM_ELEMENTS,
      [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
      [0x00081030, 'LO', 'Chest AP'],
      [0x00180015, 'CS', 'CHEST'],
    ],
  },
  CT: {
    files: 12,
    axial: { side: CT.side, spacing: 2 },
    draw: ({ number: seed }, _, height) => grey(CT.side, drawSlice({ ...CT, height, seed })),
    elements: [
      ...CT_ELEMENTS,
      [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY', 'AXIAL'],
      [0x00081030, 'LO', 'CT thorax'],
      [0x00180015, 'CS', 'CHEST'],
      [0x00281050, 'DS', -500],
      [0x00281051, 'DS', 1500],
      [0x00281054, 'LO', 'HU'],
    ],
  },
  MR: {
    files: 10,
    axial: { side: MR.side, spacing: 240 / MR.side },
    draw: ({ number: seed }, _, height) => grey(MR.side, drawSlice({ ...MR, height, seed })),
    elements: [
      [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY', 'M', 'SE'],
      [0x00081030, 'LO', 'MR head'],
      [0x00180015, 'CS', 'BRAIN'],
      [0x00180020, 'CS', 'SE'],
      [0x00180021, 'CS', 'NONE'],
      [0x00180022, 'CS', ''],
      [0x00180023, 'CS', '2D'],
      [0x00180080, 'DS', 4000],
      [0x00180081, 'DS', 90],
      [0x00180091, 'IS', 1],
      [0x00281050, 'DS', 400],
      [0x00281051, 'DS', 800],
    ],
  },
  US: {
    files: 2,
    axial: null,
    draw: (study, number) => ({
      ...{ ...SCAN, bitsAllocated: 8 },
      pixels: drawScan(study.number * 10 + number),
    }),
    elements: [
      [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
      [0x00081030, 'LO', 'Abdomen'],
      [0x00180015, 'CS', 'ABDOMEN'],
      [0x00200020, 'CS', ''],
      [0x00280301, 'CS', 'NO'],
    ],
  },
};

/** The files of a study, as a modality would send them. */
export function filesOf(study: SampleStudy): Uint8Array<ArrayBuffer>[] {
  const { files, axial, elements, draw } = FORMS[study.kind];
  const frame = uid(study.number, 0xf, 1);
  return Array.from({ length: files }, (_, at) => {
    const number = at + 1;
    const plane = axial === null ? [] : axialElements({ ...axial, position: number * 5, frame });
    const parts = buildDrawn({
      kind: study.kind,
      study: study.studyInstanceUID,
      series: uid(study.number, 1, 0),
      instance: uid(study.number, 1, number),
      elements: [...commonElements(study, number), ...elements, ...plane],
      image: draw(study, number, at / (files - 1)),
    });
    return concatBytes(parts) as Uint8Array<ArrayBuffer>;
  });
}

function commonElements({ number: study, patient }: SampleStudy, number: number): SimpleElement[] {
  const random = seeded(patient);
  // The models were made for children: the patients of films are some.
  const years = patient % 2 === 1 ? 1 + Math.floor(random() * 5) : 20 + Math.floor(random() * 65);
  const month = String(1 + Math.floor(random() * 6)).padStart(2, '0');
  const sex = random() < 0.5 ? 'F' : 'M';
  const day = String(1 + ((study * 5) % 27)).padStart(2, '0');
  const three = (value: number): string => String(value).padStart(3, '0');
  return [
    [0x00080020, 'DA', `202606${day}`],
    [0x00080030, 'TM', `${String(8 + (study % 9)).padStart(2, '0')}1500`],
    [0x00080050, 'SH', `SMP${three(study)}`],
    [0x00080070, 'LO', 'RelayPACS sample'],
    [0x0008103e, 'LO', 'Drawn, of nobody'],
    [0x00100010, 'PN', `SAMPLE^${SURNAMES[(patient - 1) % SURNAMES.length]}`],
    [0x00100020, 'LO', samplePatientId(patient)],
    [0x00100030, 'DA', `${2026 - years}${month}15`],
    [0x00100040, 'CS', sex],
    [0x00101010, 'AS', `${three(years)}Y`],
    [0x00200010, 'SH', `S${three(study)}`],
    [0x00200011, 'IS', 1],
    [0x00200013, 'IS', number],
  ];
}

function uid(study: number, series: number, number: number): string {
  return `2.25.${FIRST_UUID + BigInt(study * 0x100 + series * 0x10 + number)}`;
}
