/** The form of a review type as typed, and the conversion to a definition. Pure. */
import type { CASE_MODALITIES, CaseBodyPart } from '#shared/protocol/cases.ts';
import { reviewDefinitionSchema, type Assignment, type ReviewDefinition } from '#shared/protocol/reviews.ts';
import { STEPS_LIMIT, TEXT_LIMIT, type ReviewField } from '#shared/protocol/review-forms.ts';

type Modality = (typeof CASE_MODALITIES)[number];
export type Kind = ReviewField['x-field'];
export type Unit = Extract<ReviewField, { readonly 'x-field': 'measurement' }>['x-unit'];

/** An empty `code` means none yet. Given answers refer to a code, so the code never changes. */
type TypedOption = {
  readonly code: string;
  readonly title: string;
  /** Whether the option means that there is a finding, that there is none, or neither. */
  readonly means: 'finding' | 'none' | null;
};
/** The fields of all kinds are kept, so that trying another kind loses nothing. */
export type TypedQuestion = {
  /** The key of this question while the form is open. */
  readonly key: number;
  /** Empty: none yet. Agreement statistics use the name, so the name never changes. */
  readonly name: string;
  readonly kind: Kind;
  readonly title: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly options: readonly TypedOption[];
  readonly minimum: string;
  readonly maximum: string;
  readonly tolerance: string;
  readonly ends: readonly [string, string];
  readonly unit: Unit;
  readonly maxLength: string;
};
export type TypedType = {
  readonly title: string;
  readonly readers: string;
  readonly hidesFinding: boolean;
  readonly assignment: Assignment;
  /** Empty: any. */
  readonly modalities: readonly Modality[];
  readonly bodyParts: readonly CaseBodyPart[];
  readonly questions: readonly TypedQuestion[];
};

/** A mistake in the whole type, or in the question at `place`. */
export type TypeMistake = {
  readonly fault: 'title' | 'readers' | 'questions' | 'question' | 'options' | 'range' | 'steps' | 'length';
  readonly place: number | null;
};
type ReadType =
  | { readonly kind: 'definition'; readonly definition: ReviewDefinition }
  | { readonly kind: 'mistake'; readonly mistake: TypeMistake };

export const NO_OPTION: TypedOption = { code: '', title: '', means: null };

export const newQuestion = (key: number): TypedQuestion => ({
  ...{ key, name: '', kind: 'radio', title: '', description: '', isRequired: true },
  options: [NO_OPTION, NO_OPTION],
  ...{ minimum: '', maximum: '', tolerance: '', ends: ['', ''], unit: 'mm', maxLength: '2000' },
});

/**
 * The changes for a new kind of question. A scale starts with default steps. A number or measurement gets no default
 * range, because the range is part of the question.
 */
export function ofKind(question: TypedQuestion, kind: TypedQuestion['kind']): Partial<TypedQuestion> {
  const isEmpty = question.minimum === '' && question.maximum === '';
  return { kind, ...(kind === 'scale' && isEmpty && { minimum: '1', maximum: '5' }) };
}

/** Null: a new type. */
export function toTyped(definition: ReviewDefinition | null): TypedType {
  if (definition === null)
    return {
      ...{ title: '', readers: '1', hidesFinding: false, assignment: 'hand', modalities: [], bodyParts: [] },
      questions: [newQuestion(0)],
    };
  const { title, readers, hidesFinding, assignment, modalities = [], bodyParts = [], form } = definition;
  return {
    ...{ title, readers: String(readers), hidesFinding, assignment, modalities, bodyParts },
    questions: Object.entries(form.properties).map(([name, field], key) => ({
      ...newQuestion(key),
      ...{ name, kind: field['x-field'], title: field.title, description: field.description ?? '' },
      isRequired: form.required.includes(name),
      ...typedField(field),
    })),
  };
}

function typedField(field: ReviewField): Partial<TypedQuestion> {
  switch (field['x-field']) {
    case 'radio': {
      const { 'x-positive': positive = [], 'x-negative': negative = [] } = field;
      return {
        options: field.oneOf.map(({ const: code, title }) => ({
          ...{ code, title },
          means: positive.includes(code) ? 'finding' : negative.includes(code) ? 'none' : null,
        })),
      };
    }
    case 'text':
      return { maxLength: String(field.maxLength) };
    case 'scale':
      return { ...typedRange(field), ends: field['x-ends'] ?? ['', ''] };
    case 'number':
      return typedRange(field);
    case 'measurement':
      return { ...typedRange(field), unit: field['x-unit'] };
    default:
      return field satisfies never;
  }
}

const typedRange = (field: Extract<ReviewField, { readonly minimum: number }>) => ({
  ...{ minimum: String(field.minimum), maximum: String(field.maximum) },
  tolerance: field['x-tolerance'] === undefined ? '' : String(field['x-tolerance']),
});

/** The definition, or the first mistake. */
export function readType(typed: TypedType): ReadType {
  const whole = (fault: TypeMistake['fault']): ReadType => ({
    ...{ kind: 'mistake', mistake: { fault, place: null } },
  });
  if (typed.title.trim() === '') return whole('title');
  if (typed.questions.length === 0) return whole('questions');
  const names = namesFor(
    typed.questions.map(({ name, title }) => ({ known: name, title })),
    (words) => words.map((word, at) => (at === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join(''),
  );
  const fields: [string, ReviewField][] = [];
  for (const [place, question] of typed.questions.entries()) {
    const read = readField(question);
    if (typeof read === 'string') return { kind: 'mistake', mistake: { fault: read, place } };
    fields.push([names[place]!, read]);
  }
  const definition = {
    title: typed.title,
    readers: numberIn(typed.readers),
    ...{ hidesFinding: typed.hidesFinding, assignment: typed.assignment },
    ...(typed.modalities.length > 0 && { modalities: typed.modalities }),
    ...(typed.bodyParts.length > 0 && { bodyParts: typed.bodyParts }),
    form: {
      type: 'object',
      properties: Object.fromEntries(fields),
      required: names.filter((_, place) => typed.questions[place]!.isRequired),
      additionalProperties: false,
    },
  };
  const checked = reviewDefinitionSchema.safeParse(definition);
  if (checked.success) return { kind: 'definition', definition: checked.data };
  const [at, , name] = checked.error.issues[0]!.path;
  if (at !== 'form') return whole(at === 'title' || at === 'readers' ? at : 'questions');
  const place = names.indexOf(String(name));
  return {
    kind: 'mistake',
    mistake: { fault: place < 0 ? 'questions' : 'question', place: place < 0 ? null : place },
  };
}

/** The field of a question, or what is missing in it. */
export function readField(question: TypedQuestion): ReviewField | TypeMistake['fault'] {
  const title = question.title.trim();
  if (title === '') return 'question';
  const description = question.description.trim();
  const asked = description === '' ? { title } : { title, description };
  switch (question.kind) {
    case 'radio':
      return readRadio(asked, question);
    case 'text': {
      const maxLength = numberIn(question.maxLength);
      if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > TEXT_LIMIT) return 'length';
      return { ...asked, 'x-field': 'text', type: 'string', maxLength };
    }
    case 'scale':
    case 'number':
    case 'measurement':
      return readFigure(asked, question);
    default:
      return question.kind satisfies never;
  }
}

type Asked = { readonly title: string; readonly description?: string };

function readRadio(asked: Asked, { options }: TypedQuestion): ReviewField | 'options' {
  const given = options.filter(({ title }) => title.trim() !== '');
  if (given.length < 2) return 'options';
  const codes = namesFor(
    given.map(({ code, title }) => ({ known: code, title })),
    (words) => words.join('-'),
  );
  const positive = codes.filter((_, at) => given[at]!.means === 'finding');
  const negative = codes.filter((_, at) => given[at]!.means === 'none');
  return {
    ...asked,
    ...{ 'x-field': 'radio', type: 'string' },
    oneOf: given.map(({ title }, at) => ({ const: codes[at]!, title: title.trim() })),
    ...(positive.length > 0 && { 'x-positive': positive }),
    ...(negative.length > 0 && { 'x-negative': negative }),
  };
}

function readFigure(asked: Asked, question: TypedQuestion): ReviewField | 'range' | 'steps' {
  const minimum = numberIn(question.minimum);
  const maximum = numberIn(question.maximum);
  const tolerance = question.tolerance.trim() === '' ? 0 : numberIn(question.tolerance);
  if (![minimum, maximum, tolerance].every(Number.isFinite) || minimum >= maximum || tolerance < 0)
    return 'range';
  const range = { minimum, maximum, ...(tolerance > 0 && { 'x-tolerance': tolerance }) };
  if (question.kind === 'number') return { ...asked, ...range, 'x-field': 'number', type: 'number' };
  if (question.kind === 'measurement')
    return { ...asked, ...range, 'x-field': 'measurement', type: 'number', 'x-unit': question.unit };
  if (![minimum, maximum, tolerance].every(Number.isInteger) || maximum - minimum >= STEPS_LIMIT)
    return 'steps';
  const [low, high] = question.ends.map((end) => end.trim());
  return {
    ...{ ...asked, ...range, 'x-field': 'scale', type: 'integer' },
    ...(low && high && { 'x-ends': [low, high] }),
  };
}

/** A comma is read as a decimal point, as many keyboards have it. NaN: not a number. */
const numberIn = (text: string): number =>
  text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));

/** The words of a title in lower case without accents: `Größe (mm)` gives gro, e, mm. */
const wordsIn = (title: string): string[] =>
  title
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? [];

/** Keeps the name of each entry that has one, and makes a unique name from the title of each other entry. */
function namesFor(
  all: readonly { readonly known: string; readonly title: string }[],
  join: (words: string[]) => string,
): string[] {
  const taken = new Set(all.map(({ known }) => known));
  return all.map(({ known, title }) => {
    if (known !== '') return known;
    const made = join(wordsIn(title)).slice(0, 30);
    const stem = /^[a-z]/.test(made) ? made : `q${made}`;
    let name = stem;
    for (let count = 2; taken.has(name); count += 1) name = `${stem}${count}`;
    taken.add(name);
    return name;
  });
}

/** A name for a new type, different from all of `others`. */
export const nameFor = (title: string, others: readonly string[]): string =>
  namesFor([...others.map((known) => ({ known, title: '' })), { known: '', title }], (words) =>
    words.join('-'),
  ).at(-1)!;
