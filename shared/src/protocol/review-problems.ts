/** Problems about reviews (protocol/problems.md). */
import type { ProblemKind } from './problem-table.ts';

export const REVIEW_PROBLEMS = {
  'review-changed': {
    status: 409,
    retry: 'changed',
    title:
      'This reading was changed elsewhere meanwhile: in another tab, on another device, or by an administrator.',
    next: 'Look at it as it is now, and decide again.',
  },
  'review-marks-changed': {
    status: 409,
    retry: 'changed',
    title:
      'Your marks are no longer the ones that you signed: they were changed in another tab or on another device.',
    next: 'Look at them as they are now, and sign again.',
  },
  'review-ended': {
    status: 409,
    retry: 'never',
    title: 'This reading is signed, or its review has ended: nothing can be changed in it.',
  },
  'review-not-yours': {
    status: 409,
    retry: 'never',
    title:
      'This step is for somebody else: the reading is another person’s, or an administrator’s to assign.',
  },
  'review-contradicts': {
    status: 409,
    retry: 'changed',
    title: 'The decision about what was found and the answers contradict each other.',
    next: 'Change the one that is wrong, or sign anyway if you mean both.',
  },
  'review-stands': {
    status: 409,
    retry: 'never',
    title: 'A signed review of this study says otherwise. Nothing was changed.',
    next: 'Open the review. If it is wrong, have the study read again: the new reading then counts.',
  },
  'review-finding-seen': {
    status: 409,
    retry: 'never',
    title:
      'You have seen what a model found in this case, or what a reader wrote of it. This reading is to be made without.',
    next: 'Leave it to somebody who has not, or have a colleague give it to you.',
  },
  'review-blinded': {
    status: 409,
    retry: 'changed',
    title:
      'Radiologists are reading this case without knowing of each other: its title, tags, priority and due date stay as they are.',
    next: 'Write a note. It is shown to the other readers once they have signed.',
  },
  'review-type-changed': {
    status: 409,
    retry: 'changed',
    title: 'There is such a review type, or a newer version of it.',
    next: 'Look at the list of review types.',
  },
} as const satisfies Record<string, ProblemKind>;
