/** The words for actions on several cases at once. */
import type { BulkResult } from './bulk.store.ts';

const cases = (count: number): string => (count === 1 ? '1 case' : `${count} cases`);

export const bulkWords = {
  label: 'Selected cases',
  choose: (name: string) => `Select ${name}`,
  chosen: (count: number) => `${cases(count)} selected`,
  all: 'Select all shown',
  none: 'Select none',
  change: 'Edit…',
  close: 'Close…',
  reopen: 'Reopen…',
  export: 'Export…',
  changeTitle: (count: number) => `Edit ${cases(count)}`,
  closeTitle: (count: number) => `Close ${cases(count)}?`,
  closeWhat: 'You can reopen them later.',
  reopenTitle: (count: number) => `Reopen ${cases(count)}?`,
  keep: 'Do not change',
  tag: 'Add a tag',
  nothing: 'Choose at least one change.',
  submit: (count: number) => `Save changes to ${cases(count)}`,
  submitClose: (count: number) => `Close ${cases(count)}`,
  submitReopen: (count: number) => `Reopen ${cases(count)}`,
  submitting: 'Saving…',
  did: {
    change: (count) => `Changed ${cases(count)}.`,
    close: (count) => `Closed ${cases(count)}.`,
    reopen: (count) => `Reopened ${cases(count)}.`,
    undone: (count) => `Undone for ${cases(count)}.`,
  } satisfies Record<BulkResult['kind'], (count: number) => string>,
  undo: 'Undo',
  undoing: 'Undoing…',
  undoneReason: 'Closed by mistake. Closing was undone.',
  refused: (count: number) => (count === 1 ? '1 case was not changed' : `${count} cases were not changed`),
  refusedOne: (number: number, title: string) => `Case ${number}: ${title}`,
  keys: 'Press x to select a case, Shift and x to select all shown, Escape to select none.',
};
