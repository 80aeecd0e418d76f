/** The words of the list of destinations. */
import type { DestinationKind } from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { counted, instances } from '../kit/counted.ts';
import { none } from '../kit/none.ts';

export const destinationListWords = {
  label: 'Destinations',
  none: none('No destinations yet.'),
  name: 'Name',
  address: 'Address',
  state: 'State',
  waits: 'Waiting',
  at: (kind: string, host: string) => `${kind} · ${host}`,
  kinds: {
    dicomweb: 'DICOMweb',
    orthanc: 'Orthanc',
    dimse: 'DIMSE',
    folder: 'Folder',
  } satisfies Record<DestinationKind, string>,
  checking: 'Checking…',
  unknown: 'Not known',
  works: 'Works',
  answers: 'Needs checking',
  fails: 'Fails its test',
  refuses: 'Refuses studies',
  notAccepted: (count: number) => `${instances(count)} not accepted`,
  waiting: (studies: number) => `${counted(studies, 'study', 'studies')} waiting`,
  needs: { none: 'Not sent there', also: 'Also sent there', required: 'Required' } satisfies Record<
    Need | 'none',
    string
  >,
  back: 'All destinations',
} as const;
