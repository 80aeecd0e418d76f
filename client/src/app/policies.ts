/** The policies of the gateway: the remembered ones at first, and the current ones as soon as the gateway answers. */
import { effect } from '@preact/signals';
import { afterDrawing } from '../kit/after-drawing.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import type { SessionStore } from '../net/session.ts';
import { knownPolicies, type KnownPolicies } from '../pipeline/queue/rows/device-notes.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';

export interface Policies {
  /** Without an answer the remembered policies hold; the gateway checks the version anyway. */
  readonly known: Pick<Resource<KnownPolicies, 'unheard'>, 'answer' | 'value'>;
  /** Asks the gateway if somebody is signed in. */
  hear(): void;
  /** Forgets the policies of the last person, whose keys are not those of the next one, and asks the gateway. */
  forget(): void;
  /** Reads the remembered policies, and asks the gateway at each sign-in. Throws where there is no database. */
  load(): Promise<void>;
}

interface PoliciesTools {
  readonly database: LocalDatabase;
  readonly api: ApiClient;
  readonly session: SessionStore;
}

export function createPolicies(tools: PoliciesTools): Policies {
  const { database, session } = tools;
  const known = createResource<KnownPolicies, 'unheard'>(() => 'unheard');
  const hear = () => {
    if (session.state.peek() === 'signed-in') void known.ask(() => fetchPolicies(tools));
  };
  return {
    known,
    hear,
    forget() {
      known.forget();
      hear();
    },
    async load() {
      const before = await knownPolicies(database);
      if (before !== null) known.take(before);
      effect(() => {
        if (session.state.value === 'signed-in') hear();
      });
    },
  };
}

/** Loads the schemas, and the code that decrypts the keys of policies, once the page is drawn. */
async function fetchPolicies({ database, api }: PoliciesTools): Promise<KnownPolicies> {
  await afterDrawing();
  const [{ policyAnswerSchema }, { policyRequest, rememberPolicies }] = await Promise.all([
    import('#shared/protocol/api.ts'),
    import('../pipeline/queue/rows/remember-policies.ts'),
  ]);
  return rememberPolicies(database, await api.json(await policyRequest(database), policyAnswerSchema));
}
