/** Problems about reviews (protocol/problems.md). */
import type { ProblemKind } from './problem-table.ts';

export const REVIEW_PROBLEMS = {
  'review-changed': {
    status: 409,
    retry: 'changed',
    title: 'This reading was changed in another tab, on another device, or by an administrator.',
    next: 'Check the current reading, then decide again.',
  },
  'review-marks-changed': {
    status: 409,
    retry: 'changed',
    title:
      'Your marks were changed in another tab or on another device, so they differ from what you signed.',
    next: 'Check the current marks, then sign again.',
  },
  'review-ended': {
    status: 409,
    retry: 'never',
    title: 'This reading can no longer be changed, because it was signed or its review has ended.',
  },
  'review-not-yours': {
    status: 409,
    retry: 'never',
    title:
      'You cannot do this: the reading belongs to another person, or only an administrator can assign it.',
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
    title: 'A signed review of this study contradicts this. Nothing was changed.',
    next: 'Open the review. If it is wrong, have the study read again. Then the new reading counts.',
  },
  'review-finding-seen': {
    status: 409,
    retry: 'never',
    title:
      'You have seen findings of models or notes of a reader in this case. This reading must be made without them.',
    next: 'Leave it to someone who has not seen them, or have a colleague assign it to you.',
  },
  'review-blinded': {
    status: 409,
    retry: 'changed',
    title:
      'Radiologists are reading this case independently. Its title, tags, priority and due date cannot be changed now.',
    next: 'Write a note instead. Other readers see it after they have signed.',
  },
  'review-type-changed': {
    status: 409,
    retry: 'changed',
    title: 'This review type already exists, or there is a newer version of it.',
    next: 'Check the list of review types.',
  },
} as const satisfies Record<string, ProblemKind>;
