/** The modalities that may store over DIMSE, and the administrator's actions on them. */
import type { ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import {
  type DimsePeers,
  dimsePeerSchema,
  dimsePeersSchema,
  type DimsePeerWish,
  type TransferAnswer,
} from '#shared/protocol/dimse-peer.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { openAttempt } from '../kit/open-attempt.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';

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
  readonly state: Resource<DimsePeers, Trouble>;
  /** The choices in the form. */
  readonly choices: Resource<PeerChoices, Trouble>;
  /** Why a change was refused. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  /** Loads only the list. */
  refresh(): Promise<void>;
  /** `id` null: a new modality. Throws ApiProblem, Unreachable. */
  save(id: string | null, wish: DimsePeerWish): Promise<void>;
  remove(id: string): Promise<void>;
  /** Answers a waiting transfer. */
  answer(id: string, answer: TransferAnswer): Promise<void>;
  close(): void;
}

const PATH = '/admin/dimse-peers';

async function readChoices(api: Pick<ApiClient, 'json'>, signal: AbortSignal): Promise<PeerChoices> {
  const [{ users }, { policies }] = await Promise.all([
    api.json('/admin/users', usersSchema, { signal }),
    api.json('/admin/policies', policiesSchema, { signal }),
  ]);
  return {
    accounts: users.filter(({ disabled }) => !disabled),
    policies: policies.filter(({ inForce }) => inForce !== null).map(({ name }) => name),
  };
}

export function createDimsePeersStore(api: Pick<ApiClient, 'json' | 'text'>): DimsePeersStore {
  const state = createResource<DimsePeers, Trouble>(troubleOf);
  const choices = createResource<PeerChoices, Trouble>(troubleOf);
  const { trouble, tried } = openAttempt(troubleOf);
  const refresh = (): Promise<void> => state.ask((signal) => api.json(PATH, dimsePeersSchema, { signal }));
  const change = async (path: string, request: { method: string; body?: unknown }): Promise<void> => {
    await tried(async () => {
      await api.text(`${PATH}/${path}`, request);
      await refresh();
    });
  };
  return {
    state,
    choices,
    trouble,
    async load() {
      await Promise.all([choices.ask((signal) => readChoices(api, signal)), refresh()]);
    },
    refresh,
    async save(id, body) {
      const method = id === null ? 'POST' : 'PUT';
      await api.json(id === null ? PATH : `${PATH}/${id}`, dimsePeerSchema, { method, body });
      await refresh();
    },
    remove: (id) => change(id, { method: 'DELETE' }),
    answer: (id, body) => change(`transfers/${id}`, { method: 'POST', body }),
    close() {
      state.close();
      choices.close();
    },
  };
}
