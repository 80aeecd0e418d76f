/** Studies as the gateway tells of them and as the day's list shows them: a test says only what matters in it. */
import { createEntries, type DayEntry, type EntryFacts } from '../studies/day-entry.ts';
import type { ToldStudy } from '../studies/sent-studies.store.ts';

export type ToldUpload = ToldStudy['uploads'][number];

const UPLOAD_ID = '11111111-1111-4111-8111-111111111111';
const AT = new Date(2026, 10, 25, 17).toISOString();

/** Where the instances of an upload are: nowhere, but for these. */
export const countsOf = (some: Partial<ToldUpload['counts']>): ToldUpload['counts'] => ({
  ...{ promised: 0, atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 },
  ...some,
});

/** A closed upload: two instances, both in the PACS. */
export const toldUpload = (some: Partial<ToldUpload> = {}): ToldUpload => ({
  ...{ uploadId: UPLOAD_ID, studyInstanceUID: '1.2.1', state: 'closed', revision: 1, policy: 'identified' },
  ...{ counts: countsOf({ promised: 2, inPacs: 2 }), bytes: { promised: 1, atGateway: 0, inPacs: 1 } },
  ...{ waiting: null, receipt: null, device: null },
  ...some,
});

/** A study that has ended, sent in these uploads. */
export function toldStudy(uploads: readonly Partial<ToldUpload>[], some: Partial<ToldStudy> = {}): ToldStudy {
  const { studyInstanceUID = '1.2.1' } = some;
  return {
    ...{ studyInstanceUID, standing: 'ended', firstSentAt: AT, lastSentAt: AT, sopClassUIDs: [] },
    uploads: uploads.map((upload) => toldUpload({ studyInstanceUID, ...upload })),
    ...some,
  };
}

/** The day's list of these facts alone, without a device's own name. */
export const listedNow = (
  facts: Partial<EntryFacts>,
  now: Date,
  entriesOf = createEntries(),
): readonly DayEntry[] => entriesOf({ studies: [], sent: [], link: 'online', device: null, ...facts }, now);
