/** Cases about the sample studies, with notes, attachments and readings. The same each time but for due dates. */
import type { CasePriority } from '#shared/protocol/cases.ts';
import type { Answers } from '#shared/protocol/review-forms.ts';
import type { SampleAccount } from '#shared/protocol/sample.ts';
import { seeded } from './draw-slices.ts';
import type { SampleKind, SampleStudy } from './sample-studies.ts';

export type SampleReview = {
  readonly type: 'chest-film' | 'chest-film-double';
  /** In the order of their places; null: not read yet. */
  readonly readings: readonly { readonly by: SampleAccount; readonly answers: Answers | null }[];
  /** Where the readers differ; null: nobody has decided yet. */
  readonly adjudication: Answers | null;
};

export type SampleCase = {
  readonly studies: readonly string[];
  readonly title: string;
  readonly priority: CasePriority;
  readonly tags: readonly string[];
  /** From today; null: none. */
  readonly dueInDays: number | null;
  readonly assignee: SampleAccount | null;
  readonly notes: readonly string[];
  /** The name of the file; null: nothing is attached. */
  readonly attachment: string | null;
  readonly review: SampleReview | null;
  readonly isClosed: boolean;
};

const TITLES: Readonly<Record<SampleKind, readonly string[]>> = {
  CR: [
    'Cough for a week',
    'Fever, second visit',
    'Check after treatment',
    'Before an operation',
    'Wheezing at night',
  ],
  CT: ['Nodule, follow-up', 'Chest pain', 'Second opinion asked'],
  MR: ['Headache', 'Control after six months', 'Dizziness'],
  US: ['Pain below the ribs', 'Cyst, measured again', 'Screening'],
};
const NOTES = [
  'Sample note: compare with the film of last year, if there is one.',
  'Sample note: the ward asks for an answer before noon.',
  'Sample note: image quality is fine.',
] as const;
const TAGS = ['teaching', 'follow-up', 'second opinion', 'ward 3', 'research'] as const;
const PRIORITIES = ['routine', 'routine', 'high', 'routine', 'urgent', 'low'] as const;

/** A case for each patient but every sixth, with all studies of the patient. */
export function sampleCases(studies: readonly SampleStudy[]): SampleCase[] {
  const patients = [...Map.groupBy(studies, ({ patient }) => patient).values()];
  return patients.filter((_, at) => at % 6 !== 5).map(caseOf);
}

function caseOf(studies: readonly SampleStudy[], at: number): SampleCase {
  const [first] = studies;
  const random = seeded(first!.number + 500);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const title = pick(TITLES[first!.kind]);
  const review = first!.kind === 'CR' ? reviewOf(first!, at) : null;
  const tags = ['sample', pick(TAGS)];
  return {
    studies: studies.map(({ studyInstanceUID }) => studyInstanceUID),
    title: `Sample: ${title}`,
    priority: PRIORITIES[at % PRIORITIES.length]!,
    tags,
    dueInDays: at % 3 === 2 ? null : Math.floor(random() * 15) - 3,
    assignee: at % 4 === 3 ? null : at % 2 === 0 ? 'sample-radiologist' : 'sample-second-reader',
    notes: NOTES.slice(0, at % 3),
    attachment: at % 5 === 0 ? 'Referral letter (sample).pdf' : null,
    review,
    isClosed: at % 7 === 6 && review === null,
  };
}

const NORMAL: Answers = { finding: 'normal', certainty: 4 };
const PNEUMONIA: Answers = {
  finding: 'pneumonia',
  certainty: 3,
  comment: 'Sample: a soft shadow, on the left.',
};

/** Read, to be read, read by two who agree, and by two who differ: with and without a third one's word. */
function reviewOf({ isOpaque }: SampleStudy, at: number): SampleReview {
  const answers = isOpaque ? PNEUMONIA : NORMAL;
  const other = isOpaque ? NORMAL : PNEUMONIA;
  const first = 'sample-radiologist' as const;
  const second = 'sample-second-reader' as const;
  const kind = Math.floor(at / 2) % 5;
  if (kind < 2)
    return {
      type: 'chest-film',
      readings: [{ by: first, answers: kind === 0 ? answers : null }],
      adjudication: null,
    };
  return {
    type: 'chest-film-double',
    readings: [
      { by: first, answers },
      { by: second, answers: kind === 2 ? answers : other },
    ],
    adjudication: kind === 3 ? answers : null,
  };
}

/** A letter of one page (ISO 32000-2 §7.5). */
export function samplePdf(title: string): Uint8Array<ArrayBuffer> {
  const text = `BT /F1 16 Tf 72 720 Td (${title.replace(/[()\\]/g, '')}) Tj 0 -28 Td (An invented letter about nobody.) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let file = '%PDF-1.7\n';
  const places = objects.map((object, at) => {
    const place = file.length;
    file += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}`;
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return new TextEncoder().encode(file + table + trailer);
}
