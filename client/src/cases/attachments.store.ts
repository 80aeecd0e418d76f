/** The files attached to a case: listing, uploading, saving and removing them. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { caseAttachmentsSchema, type CaseAttachments } from '#shared/protocol/cases.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { mistakeOf, type Trouble } from '../kit/trouble.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import { ApiProblem, problemOf, type ApiClient } from '../net/api-client.ts';
import { caseWords } from './parts/case-words.ts';

export type Attachment = CaseAttachments['attachments'][number];

export interface AttachmentsStore {
  readonly files: Resource<CaseAttachments, Trouble>;
  /** The fraction of the file that has been uploaded, from 0 to 1; null: no upload in progress. */
  readonly sent: ReadonlySignal<number | null>;
  /** Why a file could not be attached, saved or removed. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  add(file: File): Promise<void>;
  /** The bytes, for saving; null: they could not be fetched. */
  fetch(of: Attachment): Promise<Blob | null>;
  remove(of: Attachment): Promise<void>;
  close(): void;
}

export function createAttachmentsStore(api: ApiClient, caseId: string): AttachmentsStore {
  const files = createResource<CaseAttachments, Trouble>(troubleOf);
  const sent = signal<number | null>(null);
  const closed = new AbortController();
  const { signal: until } = closed;
  const path = `/cases/${caseId}/attachments`;

  const { trouble, tried } = openAttempt(
    (error): Trouble =>
      isOtherKind(error)
        ? mistakeOf(caseWords.attachments.other.title, caseWords.attachments.other.next)
        : troubleOf(error),
  );
  const load = (): Promise<void> => files.ask((signal) => api.json(path, caseAttachmentsSchema, { signal }));
  return {
    files,
    sent,
    trouble,
    load,
    async add(file) {
      sent.value = 0;
      await tried(async () => {
        const { body, type } = await toForm(file);
        const headers = { 'content-type': type };
        const answer = await api.send(path, { method: 'POST', headers, body, signal: until }, (bytes) => {
          sent.value = Math.min(1, bytes / body.length);
        });
        if (!answer.ok) throw await problemOf(answer);
        files.take(caseAttachmentsSchema.parse(await answer.json()));
      });
      sent.value = null;
    },
    async fetch({ id }) {
      let bytes: Blob | null = null;
      await tried(async () => {
        const answer = await api.send(`${path}/${id}`, { signal: until });
        if (!answer.ok) throw await problemOf(answer);
        bytes = await answer.blob();
      });
      return bytes;
    },
    remove: async ({ id }) =>
      void (await tried(async () => {
        await api.text(`${path}/${id}`, { method: 'DELETE', signal: until });
        await load();
      })),
    close() {
      closed.abort();
      files.close();
    },
  };
}

/** The gateway checks the bytes, not the file name. */
const isOtherKind = (error: unknown): boolean =>
  error instanceof ApiProblem && error.anyCode === 'unsupported-media-type';

/** Encodes the form as bytes, because upload progress is only known for bytes. */
async function toForm(file: File): Promise<{ body: Uint8Array<ArrayBuffer>; type: string }> {
  const form = new FormData();
  form.set('name', file.name);
  form.set('file', file);
  const written = new Response(form);
  const type = written.headers.get('content-type') ?? '';
  return { body: new Uint8Array(await written.arrayBuffer()), type };
}
