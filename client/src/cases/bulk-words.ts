/** The words for actions on several cases at once. */
import type { BulkResult } from './bulk.store.ts';

const cases = (count: number): string => (count === 1 ? '1 case' : `${count} cases`);

export const bulkWords = {
  label: 'Chosen cases',
  choose: (name: string) => `Choose ${name}`,
  chosen: (count: number) => `${cases(count)} chosen`,
  all: 'Choose all shown',
  none: 'Choose none',
  change: 'Change…',
  close: 'Close…',
  reopen: 'Open again…',
  export: 'Export…',
  changeTitle: (count: number) => `Change ${cases(count)}`,
  closeTitle: (count: number) => `Close ${cases(count)}?`,
  closeWhat: 'They can be opened again.',
  reopenTitle: (count: number) => `Open ${cases(count)} again?`,
  keep: 'Leave as it is',
  tag: 'Add a tag',
  nothing: 'Choose what to change.',
  submit: (count: number) => `Change ${cases(count)}`,
  submitClose: (count: number) => `Close ${cases(count)}`,
  submitReopen: (count: number) => `Open ${cases(count)} again`,
  submitting: 'Saving…',
  did: {
    change: (count) => `Changed ${cases(count)}.`,
    close: (count) => `Closed ${cases(count)}.`,
    reopen: (count) => `Opened ${cases(count)} again.`,
    undone: (count) => `Undone for ${cases(count)}.`,
  } satisfies Record<BulkResult['kind'], (count: number) => string>,
  undo: 'Undo',
  undoing: 'Undoing…',
  undoneReason: 'Closed by mistake, and undone.',
  refused: (count: number) =>
    count === 1 ? '1 case stayed as it was' : `${count} cases stayed as they were`,
  refusedOne: (number: number, title: string) => `Case ${number}: ${title}`,
  keys: 'x chooses the case, Shift and x all that are shown, Escape none.',
};
