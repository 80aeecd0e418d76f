/**
 * Finds studies that the browser lost when it cleared its storage. Compares this device's own record with the
 * database, and asks the gateway once in case the record was cleared too.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { LostStudy } from './queued-study.ts';
import type { StudyRow } from './rows/local-database.ts';
import {
  compareWithDatabase,
  compareWithGateway,
  keepWaitingRecord,
  type RecordPlace,
} from './waiting-record.ts';

export interface LostStudiesTools {
  /** Where the record is kept, outside the database (localStorage). */
  readonly place: RecordPlace;
  readonly account: ReadonlySignal<string | null>;
  /** The signed-in account's uploads, from the gateway. Throws like the API client. */
  uploads(): Promise<readonly UploadStatus[]>;
}

interface LostStudies {
  readonly lost: ReadonlySignal<readonly LostStudy[]>;
  /** Updates the record after reading the database named `origin`. */
  compare(origin: string, studies: readonly StudyRow[]): Promise<void>;
  forget(id: string): void;
}

export function createLostStudies({ place, account, uploads }: LostStudiesTools): LostStudies {
  const record = keepWaitingRecord(place);
  const lost = signal<readonly LostStudy[]>([]);
  const asking = new Set<string>();

  function show(): void {
    const own = record
      .read()
      .lost.filter((entry) => entry.account === null || entry.account === account.peek());
    if (JSON.stringify(own) !== JSON.stringify(lost.peek())) lost.value = own;
  }

  /** Asks once for each account in this browser. */
  async function askGateway(of: string | null, here: readonly StudyRow[]): Promise<void> {
    if (of === null || asking.has(of) || record.read().asked.includes(of)) return;
    asking.add(of);
    const answer = await ignoreFailure(uploads(), 'asked again with the next visit');
    if (answer === undefined) return;
    record.change((kept) => compareWithGateway(kept, of, answer, here));
    show();
  }

  return {
    lost,
    async compare(origin, studies) {
      record.change((kept) => compareWithDatabase(kept, origin, studies));
      show();
      await askGateway(account.peek(), studies);
    },
    forget(id) {
      record.change((kept) => ({ ...kept, lost: kept.lost.filter((entry) => entry.id !== id) }));
      show();
    },
  };
}
