/** The store of a case: what its page shows, and the actions of a person. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { type Case, caseNotesSchema, caseSchema, type CaseNotes } from '#shared/protocol/cases.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createResource, troubleIn, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import type { Change } from './parts/CaseForm.tsx';
import { askPatients, createPatients, type Patients } from './parts/use-patients.ts';

export interface CaseStore {
  readonly case: Resource<Case, Trouble>;
  readonly isMissing: ReadonlySignal<boolean>;
  readonly notes: Resource<CaseNotes, Trouble>;
  /** The note being written. It is kept when hiding names reloads the page's content. */
  readonly newNote: Signal<string>;
  readonly patients: Patients;
  /** Why a change was refused. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(isAnonymous: boolean): Promise<void>;
  /** These return whether the change succeeded; if not, `trouble` says why. */
  change(change: Change): Promise<boolean>;
  end(reason: string): Promise<boolean>;
  reopen(reason: string): Promise<boolean>;
  note(text: string): Promise<boolean>;
  remove(): Promise<boolean>;
  close(): void;
}

type Api = Pick<ApiClient, 'json' | 'text'>;

/** The parts that the page shows, and the requests that load them. */
function openShown(api: Api, id: string) {
  const path = `/cases/${id}`;
  const shown = createResource<Case, Trouble>(troubleOf);
  const notes = createResource<CaseNotes, Trouble>(troubleOf);
  const patients = createPatients();
  let isAnonymous = false;
  let changing = new AbortController();
  const read = (until: AbortSignal): Promise<Case> =>
    api.json(isAnonymous ? `${path}?anonymise=1` : path, caseSchema, { signal: until });
  const readNotes = (): Promise<void> =>
    notes.ask((until) => api.json(`${path}/notes`, caseNotesSchema, { signal: until }));
  const readParts = ({ withheld }: Case): void => {
    if (!withheld.includes('patient')) void askPatients(patients, api, id);
    if (!withheld.includes('notes')) void readNotes();
  };
  return {
    shown,
    notes,
    patients,
    readNotes,
    signal: (): AbortSignal => changing.signal,
    close(): void {
      changing.abort();
      for (const part of [shown, notes, patients]) part.close();
    },
    load(anonymous: boolean): Promise<void> {
      // Aborts requests, so that no answer with names arrives after names were hidden. The case itself stays, together
      // with what is typed in its sheets; its parts hide their names.
      changing.abort();
      changing = new AbortController();
      isAnonymous = anonymous;
      notes.forget();
      patients.forget();
      return shown.ask(async (until) => {
        const before = shown.value.peek();
        try {
          const of = await read(until);
          readParts(of);
          return of;
        } catch (error) {
          // The previous case stays on the page, with its parts.
          if (before !== null && !anonymous && !until.aborted) readParts(before);
          throw error;
        }
      });
    },
    /** The answer to a change contains all names, so while names are hidden it is not used. */
    async send(to: string, request: { readonly method: string; readonly body: unknown }): Promise<void> {
      const { signal: until } = changing;
      const answer = await api.json(to, caseSchema, { ...request, signal: until });
      shown.take(isAnonymous ? await read(until) : answer);
    },
  };
}

export function createCaseStore(api: Api, id: string): CaseStore {
  const path = `/cases/${id}`;
  const of = openShown(api, id);
  const trouble = signal<Trouble | null>(null);
  const isBusy = signal(false);
  const isMissing = computed(() =>
    [troubleIn(of.shown.answer.value), trouble.value].some((one) => one?.code === 'not-found'),
  );

  const tried = async (work: () => Promise<void>): Promise<boolean> => {
    trouble.value = null;
    isBusy.value = true;
    try {
      await work();
      return true;
    } catch (error) {
      // Aborted: the page was closed, or asks again.
      if (!(error instanceof DOMException && error.name === 'AbortError')) trouble.value = troubleOf(error);
      return false;
    } finally {
      isBusy.value = false;
    }
  };
  const version = (): number => of.shown.value.peek()?.version ?? 1;
  /** Closing and reopening also write a note. */
  const step = (name: 'close' | 'reopen', reason: string): Promise<boolean> =>
    tried(async () => {
      const body = { version: version(), ...(reason !== '' && { reason }) };
      await of.send(`${path}/${name}`, { method: 'POST', body });
      if (of.notes.value.peek() !== null) await of.readNotes();
    });
  return {
    case: of.shown,
    isMissing,
    notes: of.notes,
    newNote: signal(''),
    patients: of.patients,
    trouble,
    isBusy,
    load(isAnonymous) {
      trouble.value = null;
      return of.load(isAnonymous);
    },
    change: (change) =>
      tried(() => of.send(path, { method: 'PATCH', body: { ...change, version: version() } })),
    end: (reason) => step('close', reason),
    reopen: (reason) => step('reopen', reason),
    note: (text) =>
      tried(async () => {
        const request = { method: 'POST', body: { text }, signal: of.signal() };
        of.notes.take(await api.json(`${path}/notes`, caseNotesSchema, request));
      }),
    remove: () =>
      tried(async () => {
        await api.text(`${path}?version=${version()}`, { method: 'DELETE', signal: of.signal() });
      }),
    close: of.close,
  };
}
