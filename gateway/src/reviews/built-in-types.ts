/** The review types that come with every gateway, as version 1. */
import type { ReviewForm } from '#shared/protocol/review-forms.ts';
import type { ReviewDefinition } from '#shared/protocol/reviews.ts';

const CHEST_FORM: ReviewForm = {
  type: 'object',
  properties: {
    finding: {
      title: 'What does the film show?',
      'x-field': 'radio',
      type: 'string',
      oneOf: [
        { const: 'normal', title: 'Nothing abnormal' },
        { const: 'pneumonia', title: 'Pneumonia' },
        { const: 'other', title: 'Something else' },
      ],
      'x-positive': ['pneumonia'],
      'x-negative': ['normal'],
    },
    certainty: {
      title: 'How certain are you?',
      'x-field': 'scale',
      type: 'integer',
      minimum: 1,
      maximum: 5,
      'x-tolerance': 4,
      'x-ends': ['Guess', 'Certain'],
    },
    comment: { title: 'Comment', 'x-field': 'text', type: 'string', maxLength: 2000 },
  },
  required: ['finding', 'certainty'],
  additionalProperties: false,
};
const GENERAL_FORM: ReviewForm = {
  type: 'object',
  properties: {
    finding: {
      title: 'What do the images show?',
      'x-field': 'radio',
      type: 'string',
      oneOf: [
        { const: 'normal', title: 'Nothing abnormal' },
        { const: 'abnormal', title: 'Something abnormal' },
      ],
      'x-positive': ['abnormal'],
      'x-negative': ['normal'],
    },
    urgency: {
      title: 'How soon must somebody act on it?',
      'x-field': 'radio',
      type: 'string',
      oneOf: [
        { const: 'routine', title: 'No hurry' },
        { const: 'soon', title: 'Within days' },
        { const: 'now', title: 'Now' },
      ],
    },
    impression: { title: 'Impression', 'x-field': 'text', type: 'string', maxLength: 4000 },
  },
  required: ['finding', 'urgency', 'impression'],
  additionalProperties: false,
};
/** The modalities and the body part of a chest film. A CT of the chest asks other questions. */
const CHEST_FILM: Pick<ReviewDefinition, 'modalities' | 'bodyParts'> = {
  modalities: ['CR', 'DX'],
  bodyParts: ['CHEST'],
};
export const BUILT_IN_TYPES: readonly { readonly name: string; readonly definition: ReviewDefinition }[] = [
  {
    name: 'chest-film',
    definition: {
      title: 'Chest film',
      readers: 1,
      hidesFinding: false,
      assignment: 'load',
      ...CHEST_FILM,
      form: CHEST_FORM,
    },
  },
  {
    name: 'chest-film-double',
    definition: {
      title: 'Chest film, two blinded readers',
      readers: 2,
      hidesFinding: true,
      assignment: 'load',
      ...CHEST_FILM,
      form: CHEST_FORM,
    },
  },
  {
    name: 'general-reading',
    definition: {
      title: 'General reading',
      readers: 1,
      hidesFinding: false,
      assignment: 'load',
      form: GENERAL_FORM,
    },
  },
];
