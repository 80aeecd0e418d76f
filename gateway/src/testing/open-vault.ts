/** A vault at a test gateway, with two holders who have their halves; the tests of vaults, and their calls. */
import { suite, type Test } from 'uvu';
import type { Manifest } from '#shared/protocol/manifest.ts';
import {
  vaultAnswerSchema,
  vaultOpeningSchema,
  type VaultEntry,
  type VaultOpening,
  type VaultTerms,
} from '#shared/protocol/vault.ts';
import { policyAnswerSchema, type Session } from '#shared/protocol/api.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { createMessagePair } from '#shared/transfer/seal.ts';
import type { OpenHalf } from '#shared/transfer/vault-half.ts';
import { sealIdentity } from '#shared/transfer/vault-entry.ts';
import { approvalOf, identitiesIn } from '#shared/transfer/vault-opening.ts';
import { openTestGateway, type TestGateway } from './open-gateway.ts';
import { testFilm } from './open-subject.ts';
import { toManifest } from './pack-parcel.ts';

/** The patient whose identity is in the vault, by another name than any synthetic one. */
export const ANNA = { patientID: 'PID-ANNA', issuer: '', name: 'Plantagenet^Anna', birthDate: '19610203' };
export const pseudonymOf = (letter: string) => `RP-${letter.repeat(26)}`;
export const PSEUDONYM = pseudonymOf('A');

export type TestHolder = { readonly session: Session; readonly half: OpenHalf };
export type TestVault = { readonly terms: VaultTerms; readonly holders: readonly [TestHolder, TestHolder] };

/** Without others the holders are an auditor and a technician. */
export async function openTestVault(
  gateway: TestGateway,
  given?: readonly [Session, Session],
): Promise<TestVault> {
  const sessions = given ?? [await gateway.userWith(['auditor']), await gateway.userWith(['technician'])];
  const { accessToken: token } = await gateway.signIn();
  const body = { holders: sessions.map(({ user }) => user.username) };
  const made = await gateway.call('POST', '/admin/vault', { token, body });
  const { vaults } = vaultAnswerSchema.parse(await made.json());
  const { id } = vaults.find(({ state }) => state === 'waiting')!;
  const holders: TestHolder[] = [];
  for (const session of sessions) {
    const half = { ...(await createMessagePair()), vault: id };
    const key = toBase64Url(half.publicKey);
    const bringing = { token: session.accessToken, body: { key } };
    const brought = await gateway.call('PUT', `/admin/vault/${id}/key`, bringing);
    if (!brought.ok) throw new Error(await brought.text());
    holders.push({ session, half });
  }
  const [first, second] = holders as [TestHolder, TestHolder];
  return {
    terms: { id, keys: [first, second].map(({ half }) => toBase64Url(half.publicKey)) },
    holders: [first, second],
  };
}

/** A test begins without a vault. */
type VaultScene = {
  readonly gateway: TestGateway;
  readonly calls: ReturnType<typeof vaultCalls>;
  /** A technician. */
  readonly sender: Session;
  readonly admin: Session;
  /** The number of the newest row of the audit trail. */
  readonly auditedBefore: number;
};

export function vaultSuite(title: string): Test<VaultScene> {
  const test = suite<VaultScene>(title, {} as VaultScene);
  test.before(async (scene) => {
    const gateway = await openTestGateway();
    Object.assign(scene, { gateway, calls: vaultCalls(gateway) });
  });
  test.after(({ gateway }) => gateway.close());
  test.before.each(async (scene) => {
    const { gateway, calls } = scene;
    Object.assign(scene, {
      auditedBefore: await calls.clear(),
      sender: await gateway.userWith(['technician']),
      admin: await gateway.signIn(),
    });
  });
  return test;
}

const pathOf = (body: Record<string, unknown> | null): string => `/admin/vault/requests/${String(body?.id)}`;
const askedFor = (vault: TestVault, pseudonym = PSEUDONYM) => ({
  ...{ vault: vault.terms.id, pseudonym, reason: 'incidental-finding' },
});

/** The requests that tests of the vault make. */
function vaultCalls(gateway: TestGateway) {
  const { db } = gateway.database;
  async function call(method: string, path: string, as: Session, body?: unknown) {
    const answer = await gateway.call(method, path, { token: as.accessToken, body });
    const text = await answer.text();
    return {
      status: answer.status,
      body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>),
    };
  }
  let seed = 8800;
  const readOpening = async (method: string, path: string, { session }: TestHolder): Promise<VaultOpening> =>
    vaultOpeningSchema.parse((await call(method, path, session)).body);
  return {
    call,
    /** The code of the problem, or the status. */
    async codeOf(method: string, path: string, as: Session, body?: unknown): Promise<unknown> {
      const answer = await call(method, path, as, body);
      return answer.body?.code ?? answer.status;
    },
    shown: async (as: Session) => vaultAnswerSchema.parse((await call('GET', '/admin/vault', as)).body),
    termsFor: async (as: Session) =>
      policyAnswerSchema.parse((await call('GET', '/upload/policy', as)).body).vault,
    entryFor: (terms: VaultTerms, pseudonym = PSEUDONYM, identity = ANNA) =>
      sealIdentity(terms, pseudonym, identity),
    /** Announces a study of one film with these entries; `again`: the study before. */
    async announce(
      entries: readonly VaultEntry[],
      as: Session,
      { again = false, ...change }: Partial<Manifest> & { readonly again?: boolean } = {},
    ) {
      seed += again ? 0 : 1;
      const manifest = { ...toManifest([testFilm({ seed })], 'deidentified'), vault: entries, ...change };
      return call('POST', '/upload/init', as, manifest);
    },
    /** Marks all that the account has announced as arrived. */
    async arrive({ user }: Session): Promise<void> {
      const studies = db.selectFrom('study').select('id').where('account_id', '=', user.id);
      await db.updateTable('instance').set({ brought: true }).where('study_id', 'in', studies).execute();
    },
    ask: async (vault: TestVault, { session }: TestHolder, pseudonym = PSEUDONYM) =>
      call('POST', '/admin/vault/requests', session, askedFor(vault, pseudonym)),
    readOpening,
    /** The path of a request that this holder makes. */
    requestOf: async (vault: TestVault, { session }: TestHolder): Promise<string> =>
      pathOf((await call('POST', '/admin/vault/requests', session, askedFor(vault))).body),
    /** With the shares of this holder; the code of the problem, or the status. */
    async approve(path: string, holder: TestHolder): Promise<unknown> {
      const shares = await approvalOf(await readOpening('GET', path, holder), holder.half);
      const answer = await call('POST', `${path}/approve`, holder.session, { shares });
      return answer.body?.code ?? answer.status;
    },
    /** The identities that the holder reads in an opening. */
    identitiesBy: async (method: string, path: string, holder: TestHolder) =>
      identitiesIn(await readOpening(method, path, holder), holder.half),
    ...auditOf(gateway),
  };
}

function auditOf({ database: { db } }: TestGateway) {
  return {
    /** The audited steps after this row. */
    async eventsAfter(seq: number): Promise<string[]> {
      const rows = db
        .selectFrom('audit')
        .select('event')
        .where('event', 'like', 'vault-%' as never);
      return (await rows.where('seq', '>', seq).orderBy('seq').execute()).map(({ event }) => event);
    },
    /** Without vaults from now on; the number of the newest row of the audit trail. */
    async clear(): Promise<number> {
      await db.deleteFrom('vault').execute();
      const newest = await db.selectFrom('audit').select('seq').orderBy('seq', 'desc').executeTakeFirst();
      return newest?.seq ?? 0;
    },
  };
}
