/** The columns of the list of destinations: what each is, whether it answers now, and what waits for it. */
import type { Destination } from '#shared/protocol/destination.ts';
import { marksSaid } from '../kit/ListMark.tsx';
import type { Column } from '../kit/ListTable.tsx';
import { hostOf, stateOf, waitsAt } from './destination-marks.ts';
import { destinationListWords as words } from './destination-list-words.ts';
import { destinationWords } from './destination-words.ts';
import type { DestinationsStore } from './destinations.store.ts';

export const DESTINATION_NAME = {
  label: words.name,
  cell: ({ name, isPrimary }: Destination) => (
    <>
      <bdi>{name}</bdi>
      {isPrimary && <span class="small quiet">{destinationWords.primary}</span>}
    </>
  ),
} as const;

export const destinationColumns = ({
  tests,
}: Pick<DestinationsStore, 'tests'>): readonly Column<Destination>[] => [
  {
    id: 'address',
    label: words.address,
    track: 'fit-content(30%)',
    cell: ({ kind, url }) => words.at(words.kinds[kind], hostOf(url)),
  },
  {
    id: 'state',
    label: words.state,
    track: 'fit-content(24%)',
    isState: true,
    cell: (of) => marksSaid([stateOf(of, tests.value.get(of.id) ?? null)]),
  },
  { id: 'waits', label: words.waits, track: 'fit-content(22%)', cell: (of) => marksSaid(waitsAt(of)) },
  {
    id: 'need',
    label: destinationWords.need,
    isLabelled: true,
    isExtra: true,
    cell: ({ isPrimary, need }) => (isPrimary ? destinationWords.primary : words.needs[need ?? 'none']),
  },
];
