/** The words of the page of review types. */
import { OPTIONS_LIMIT, STEPS_LIMIT, TEXT_LIMIT } from '#shared/protocol/review-forms.ts';
import { READERS_LIMIT, type Assignment } from '#shared/protocol/reviews.ts';
import { counted } from '../../kit/counted.ts';
import type { Kind, TypeMistake, Unit } from './type-form.ts';

export const typeWords = {
  title: 'Review types',
  back: 'All reviews',
  intro:
    'A review type defines who reads a case and which questions they answer. Changing it creates a new version. Open reviews keep their version.',
  loading: 'Loading the review types…',
  add: 'Add a review type',
  change: 'Edit',
  changeOf: (title: string) => `Edit ${title}`,
  separator: ' · ',
  readers: (count: number) => counted(count, 'reader', 'readers'),
  questions: (count: number) => counted(count, 'question', 'questions'),
  hides: (readers: number) =>
    readers > 1
      ? 'Findings of models hidden from readers, shown to the adjudicator'
      : 'Findings of models hidden from readers',
  version: (version: number) => `Version ${version}`,
  builtIn: 'Built in',
  madeBy: (name: string, when: string) => `By ${name}, ${when}`,
  assignments: {
    hand: 'Readers chosen manually',
    turn: 'Readers in turn',
    load: 'Readers with the lowest workload',
  } satisfies Record<Assignment, string>,
  form: {
    add: 'Add a review type',
    change: (title: string) => `Edit ${title}`,
    title: 'Name',
    readers: `Number of readers (1 to ${READERS_LIMIT})`,
    assignment: 'How readers are assigned',
    hides:
      'Hide findings of models from readers until they have signed. If readers differ, the adjudicator sees the findings before deciding.',
    modalities: 'For these modalities',
    bodyParts: 'For these body parts',
    anyImages:
      'Leave these empty if the review type is for all images. Review types that match a case are listed first.',
    questions: 'Questions',
    question: (number: number) => `Question ${number}`,
    asked: 'Question',
    description: 'Explanation (optional)',
    kind: 'Answer type',
    kinds: {
      radio: 'One of several answers',
      scale: 'A scale',
      number: 'A number',
      measurement: 'A measurement with a unit',
      text: 'Text',
    } satisfies Record<Kind, string>,
    units: {
      ...{ mm: 'mm', cm: 'cm', mm2: 'mm²', cm2: 'cm²', mL: 'mL', deg: 'degrees', '%': '%' },
      "[hnsf'U]": 'Hounsfield units',
    } satisfies Record<Unit, string>,
    required: 'Answer required',
    answers: 'Answers',
    answer: (number: number) => `Answer ${number}`,
    means: { finding: 'Means: abnormality', none: 'Means: no abnormality' },
    meansOf: {
      finding: (number: number) => `Means: abnormality (answer ${number})`,
      none: (number: number) => `Means: no abnormality (answer ${number})`,
    },
    addAnswer: 'Add an answer',
    removeAnswer: (number: number) => `Remove answer ${number}`,
    minimum: 'Smallest value',
    maximum: 'Largest value',
    low: 'Label for the smallest value (optional)',
    high: 'Label for the largest value (optional)',
    tolerance: 'Largest difference that counts as agreement (empty: answers must be equal)',
    unit: 'Unit',
    maxLength: `Maximum length in characters (up to ${TEXT_LIMIT})`,
    up: (number: number) => `Move question ${number} up`,
    down: (number: number) => `Move question ${number} down`,
    remove: 'Remove',
    removeOf: (number: number) => `Remove question ${number}`,
    addQuestion: 'Add a question',
    preview: 'What readers see',
    previewNone: 'Complete this question to see it here.',
    save: 'Save',
    saving: 'Saving…',
    mistakes: {
      title: 'Enter a name of at most 120 characters.',
      readers: `Enter 1 to ${READERS_LIMIT} readers.`,
      questions: 'A review type must have 1 to 30 questions.',
      question: 'Enter the question, with at most 160 characters.',
      options: `Enter 2 to ${OPTIONS_LIMIT} answers.`,
      range: 'Enter two numbers. The smallest value must be below the largest.',
      steps: `Use whole numbers and at most ${STEPS_LIMIT} steps.`,
      length: `Enter a maximum length of 1 to ${TEXT_LIMIT} characters.`,
    } satisfies Record<TypeMistake['fault'], string>,
    mistakeIn: (number: number, what: string) => `Question ${number}: ${what}`,
  },
};
