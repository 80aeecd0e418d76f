/** One case as its page shows it, and what a person does with it. */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import {
  type Case,
  caseNotesSchema,
  casePatientsSchema,
  caseSchema,
  type CaseChange,
  type CaseNotes,
  type CasePatients,
} from '#shared/protocol/cases.ts';
import { ApiProblem, type ApiClient } from '../net/api-client.ts';
import { troubleOf, type CaseTrouble } from './case-trouble.ts';

/** The fields that change; the version is the one that is shown. */
export type Change = Omit<CaseChange, 'version'>;

export interface CaseStore {
  /** Null until loaded, and where it is missing. */
  readonly case: ReadonlySignal<Case | null>;
  readonly isMissing: ReadonlySignal<boolean>;
  readonly notes: ReadonlySignal<CaseNotes | null>;
  /** A note that is being written: it outlives what is shown when names are hidden. */
  readonly newNote: Signal<string>;
  /** From the PACS; null: not asked, or not answered yet. */
  readonly patients: ReadonlySignal<CasePatients['studies'] | 'failed' | null>;
  readonly trouble: ReadonlySignal<CaseTrouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(isAnonymous: boolean): Promise<void>;
  askPatients(): Promise<void>;
  /** Each returns whether it was done; if not, `trouble` says why. */
  change(change: Change): Promise<boolean>;
  end(reason: string): Promise<boolean>;
  reopen(reason: string): Promise<boolean>;
  note(text: string): Promise<boolean>;
  remove(): Promise<boolean>;
  close(): void;
}

type Api = Pick<ApiClient, 'json' | 'text'>;

/** The parts that the page shows, and the requests that fill them. */
function openShown(api: Api, path: string) {
  const shown = signal<Case | null>(null);
  const notes = signal<CaseNotes | null>(null);
  const patients = signal<CasePatients['studies'] | 'failed' | null>(null);
  let isAnonymous = false;
  let asking = new AbortController();
  const read = (): Promise<Case> =>
    api.json(isAnonymous ? `${path}?anonymise=1` : path, caseSchema, { signal: asking.signal });
  const readNotes = async (): Promise<void> => {
    const { signal: until } = asking;
    const answer = await api.json(`${path}/notes`, caseNotesSchema, { signal: until });
    if (!until.aborted) notes.value = answer;
  };
  const askPatients = async (): Promise<void> => {
    const { signal: until } = asking;
    patients.value = null;
    try {
      const answer = await api.json(`${path}/patients`, casePatientsSchema, { signal: until });
      if (!until.aborted) patients.value = answer.studies;
    } catch {
      if (!until.aborted) patients.value = 'failed';
    }
  };
  return {
    shown,
    notes,
    patients,
    askPatients,
    readNotes,
    signal: (): AbortSignal => asking.signal,
    close: () => asking.abort(),
    async load(anonymous: boolean): Promise<void> {
      // No answer with names that is on its way comes behind the switch. The case itself stays, with what is typed
      // in its sheets: its parts hide their names.
      asking.abort();
      asking = new AbortController();
      isAnonymous = anonymous;
      notes.value = null;
      patients.value = null;
      const of = await read();
      shown.value = of;
      if (!of.withheld.includes('patient')) void askPatients();
      if (!of.withheld.includes('notes')) await readNotes();
    },
    /** The answer to a change names everything: behind the switch it is not looked at. */
    async send(to: string, request: { readonly method: string; readonly body: unknown }): Promise<void> {
      const answer = await api.json(to, caseSchema, { ...request, signal: asking.signal });
      shown.value = isAnonymous ? await read() : answer;
    },
  };
}

export function createCaseStore(api: Api, id: string): CaseStore {
  const path = `/cases/${id}`;
  const of = openShown(api, path);
  const isMissing = signal(false);
  const trouble = signal<CaseTrouble | null>(null);
  const isBusy = signal(false);

  const tried = async (work: () => Promise<void>): Promise<boolean> => {
    trouble.value = null;
    isBusy.value = true;
    try {
      await work();
      return true;
    } catch (error) {
      // Given up: the page is closed, or asks again.
      if (error instanceof DOMException && error.name === 'AbortError') return false;
      if (error instanceof ApiProblem && error.anyCode === 'not-found') isMissing.value = true;
      else trouble.value = troubleOf(error);
      return false;
    } finally {
      isBusy.value = false;
    }
  };
  const version = (): number => of.shown.peek()?.version ?? 1;
  /** Closing and opening again write a note too. */
  const step = (name: 'close' | 'reopen', reason: string): Promise<boolean> =>
    tried(async () => {
      const body = { version: version(), ...(reason !== '' && { reason }) };
      await of.send(`${path}/${name}`, { method: 'POST', body });
      if (of.notes.peek() !== null) await of.readNotes();
    });
  return {
    case: of.shown,
    isMissing,
    notes: of.notes,
    newNote: signal(''),
    patients: of.patients,
    trouble,
    isBusy,
    load: async (isAnonymous) => void (await tried(() => of.load(isAnonymous))),
    askPatients: of.askPatients,
    change: (change) =>
      tried(() => of.send(path, { method: 'PATCH', body: { ...change, version: version() } })),
    end: (reason) => step('close', reason),
    reopen: (reason) => step('reopen', reason),
    note: (text) =>
      tried(async () => {
        const request = { method: 'POST', body: { text }, signal: of.signal() };
        of.notes.value = await api.json(`${path}/notes`, caseNotesSchema, request);
      }),
    remove: () =>
      tried(async () => {
        await api.text(`${path}?version=${version()}`, { method: 'DELETE', signal: of.signal() });
      }),
    close: of.close,
  };
}
