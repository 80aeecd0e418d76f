/**
 * For tests: a disk under the device's database that is full at a chosen write, and a page that dies at one.
 */
import type { DBCore, DBCoreMutateRequest } from 'dexie';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

/** The internals of fake-indexeddb's transactions. */
interface Breakable {
  dispatchEvent(event: Event): boolean;
  _abort(name: string): void;
}

/** A browser may notice only at the commit: Indexed Database API §5.4. */
function breakAtEnd(transaction: Breakable): void {
  const dispatch = transaction.dispatchEvent.bind(transaction);
  transaction.dispatchEvent = (event) => {
    transaction.dispatchEvent = dispatch;
    if (event.type !== 'complete') return dispatch(event);
    transaction._abort('QuotaExceededError');
    return true;
  };
}

export interface TestDisk {
  /** Since it was made; deleted data needs no room. */
  writes: number;
  /** The disk is full at this write and has space again afterwards. */
  fullAt: number;
  /** Where the error appears: at the request itself, or at the commit of the transaction. */
  refuses: 'request' | 'transaction';
  /** The number of changes still made; then the page is dead and makes no more. */
  lifeLeft: number;
  /** Installs it under a database that is not open yet. */
  readonly prepare: (database: LocalDatabase) => void;
}

export function createTestDisk(refuses: TestDisk['refuses'] = 'request'): TestDisk {
  async function mutate(
    core: (request: DBCoreMutateRequest) => ReturnType<ReturnType<DBCore['table']>['mutate']>,
    request: DBCoreMutateRequest,
  ) {
    if (disk.lifeLeft <= 0) throw new DOMException('the page is gone', 'AbortError');
    disk.lifeLeft -= 1;
    if (request.type !== 'add' && request.type !== 'put') return core(request);
    const isFull = disk.writes === disk.fullAt;
    disk.writes += 1;
    if (!isFull) return core(request);
    if (disk.refuses === 'request') throw new DOMException('full', 'QuotaExceededError');
    breakAtEnd(request.trans as unknown as Breakable);
    return core(request);
  }
  const disk: TestDisk = {
    writes: 0,
    fullAt: Number.POSITIVE_INFINITY,
    refuses,
    lifeLeft: Number.POSITIVE_INFINITY,
    prepare: (database) =>
      void database.use({
        stack: 'dbcore',
        name: 'disk',
        create: (core) => ({
          ...core,
          table: (name) => ({
            ...core.table(name),
            mutate: (request) => mutate((each) => core.table(name).mutate(each), request),
          }),
        }),
      }),
  };
  return disk;
}
