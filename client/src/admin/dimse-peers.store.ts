/** The modalities that may store over DIMSE, and the administrator's actions on them. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import {
  type DimsePeers,
  dimsePeerSchema,
  dimsePeersSchema,
  type DimsePeerWish,
  type TransferAnswer,
} from '#shared/protocol/dimse-peer.ts';
import type { ApiClient } from '../net/api-client.ts';
import { type Trouble, troubleOf } from './admin-trouble.ts';

const usersSchema = z.object({
  users: z.array(z.object({ id: z.string(), username: z.string(), disabled: z.boolean() })),
});
const policiesSchema = z.object({
  policies: z.array(z.object({ name: z.string(), inForce: z.number().nullable() })),
});

export type PeerChoices = {
  readonly accounts: readonly { readonly id: string; readonly username: string }[];
  readonly policies: readonly string[];
};

export interface DimsePeersStore {
  /** Null until loaded. */
  readonly state: ReadonlySignal<DimsePeers | null>;
  /** For the form. */
  readonly choices: ReadonlySignal<PeerChoices>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  /** The list alone; without an answer it stays as it was. */
  refresh(): Promise<void>;
  /** `id` null: a new one. Throws ApiProblem, Unreachable. */
  save(id: string | null, wish: DimsePeerWish): Promise<void>;
  remove(id: string): Promise<void>;
  /** For a transfer that waits. */
  answer(id: string, answer: TransferAnswer): Promise<void>;
  close(): void;
}

const PATH = '/admin/dimse-peers';

export function createDimsePeersStore(api: Pick<ApiClient, 'json' | 'text'>): DimsePeersStore {
  const state = signal<DimsePeers | null>(null);
  const choices = signal<PeerChoices>({ accounts: [], policies: [] });
  const trouble = signal<Trouble | null>(null);
  const closed = new AbortController();
  const options = { signal: closed.signal };
  const list = async (): Promise<void> => {
    state.value = await api.json(PATH, dimsePeersSchema, options);
  };
  const tried = async (work: () => Promise<void>): Promise<void> => {
    trouble.value = null;
    try {
      await work();
    } catch (error) {
      if (!closed.signal.aborted) trouble.value = troubleOf(error);
    }
  };
  return {
    state,
    choices,
    trouble,
    load: () =>
      tried(async () => {
        const [{ users }, { policies }] = await Promise.all([
          api.json('/admin/users', usersSchema, options),
          api.json('/admin/policies', policiesSchema, options),
        ]);
        choices.value = {
          accounts: users.filter(({ disabled }) => !disabled),
          policies: policies.filter(({ inForce }) => inForce !== null).map(({ name }) => name),
        };
        await list();
      }),
    refresh: () => ignoreFailure(list(), 'the next one comes soon'),
    async save(id, body) {
      const method = id === null ? 'POST' : 'PUT';
      const path = id === null ? PATH : `${PATH}/${id}`;
      await api.json(path, dimsePeerSchema, { ...options, method, body });
      await tried(list);
    },
    remove: (id) =>
      tried(async () => {
        await api.text(`${PATH}/${id}`, { ...options, method: 'DELETE' });
        await list();
      }),
    answer: (id, body) =>
      tried(async () => {
        await api.text(`${PATH}/transfers/${id}`, { ...options, method: 'POST', body });
        await list();
      }),
    close: () => closed.abort(),
  };
}
