/**
 * One instance made by the gateway, as currently stored in the PACS. It is read back when the page is opened, and again
 * on request. Nothing is stored on the device.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { ResultInstance } from '#shared/protocol/inference.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { ApiProblem, problemOf, Unreachable, type ApiClient } from '../../net/api-client.ts';
import type { StoredReader } from './stored-reader.ts';
import { storedWords } from '../parts/stored-words.ts';
import type { Stored } from './read-stored.ts';

export type Reading =
  | { readonly kind: 'reading' }
  | { readonly kind: 'failed'; readonly trouble: Trouble }
  /**
   * `bytes`: the file's size. `isAsListed`: its digest matches the receipt; null: no receipt names the instance yet.
   */
  | {
      readonly kind: 'read';
      readonly stored: Extract<Stored, { kind: 'read' }>;
      readonly at: Date;
      readonly bytes: number;
      readonly isAsListed: boolean | null;
    };

export interface StoredStore {
  readonly reading: ReadonlySignal<Reading>;
  /** Reads it again. */
  read(): Promise<void>;
  close(): void;
}

interface StoredTools {
  readonly api: Pick<ApiClient, 'send'>;
  readonly read: StoredReader;
  readonly now: () => number;
  /** The path from which the gateway reads it back from the PACS. */
  readonly path: string;
  /** The current state and receipt, which change over time. */
  readonly instance: () => ResultInstance;
}

export function createStoredStore({ api, read, now, path, instance }: StoredTools): StoredStore {
  const reading = signal<Reading>({ kind: 'reading' });
  const closed = new AbortController();

  async function fetched(): Promise<Uint8Array<ArrayBuffer>> {
    const response = await api.send(path, {
      // Requests the bytes exactly as stored.
      headers: { accept: 'application/dicom; transfer-syntax=*' },
      signal: closed.signal,
    });
    if (!response.ok) throw await problemOf(response);
    return new Uint8Array(
      await response.arrayBuffer().catch((error: unknown) => {
        throw new Unreachable(error);
      }),
    );
  }

  async function readBack(): Promise<Reading> {
    const bytes = await fetched();
    const size = bytes.length;
    const stored = await read(bytes, closed.signal);
    if (stored.kind === 'unreadable')
      return { kind: 'failed', trouble: { ...storedWords.unreadable, kind: 'stop', code: stored.because } };
    const { receipt, digest } = instance();
    const isAsListed = receipt === null || digest === null ? null : stored.digest === digest;
    return { kind: 'read', stored, at: new Date(now()), bytes: size, isAsListed };
  }

  return {
    reading,
    async read() {
      reading.value = { kind: 'reading' };
      const outcome = await readBack().catch(
        (error: unknown): Reading => ({ kind: 'failed', trouble: troubleOfStored(error, instance()) }),
      );
      if (!closed.signal.aborted) reading.value = outcome;
    },
    close: () => closed.abort(),
  };
}

/** The meaning of the error for this instance, and what to do. */
function troubleOfStored(error: unknown, { state }: ResultInstance): Trouble {
  const trouble = troubleOf(error);
  if (!(error instanceof ApiProblem)) return trouble;
  if (error.anyCode === 'pacs-unreachable') return { ...trouble, next: storedWords.pacsAway };
  if (error.anyCode !== 'study-not-found') return trouble;
  switch (state) {
    case 'stored':
    case 'coerced':
    case 'already-stored':
      return { ...storedWords.gone, kind: 'stop', code: trouble.code };
    case 'refused':
      return { ...storedWords.refused, kind: 'stop', code: trouble.code };
    case 'quarantined':
    case 'left-out':
      return { ...storedWords.heldBack, kind: 'stop', code: trouble.code };
    default:
      return { ...storedWords.underWay, kind: 'wait', code: null };
  }
}
