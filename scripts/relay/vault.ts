/**
 * `relay vault …`: an administrator makes a vault, its two holders make their halves and open the identity behind one
 * pseudonym together. Halves are read and used here; the gateway never has one. Their passphrase is
 * RELAY_VAULT_PASSPHRASE.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { userSchema } from '#shared/protocol/api.ts';
import {
  VAULT_REASONS,
  vaultAnswerSchema,
  vaultOpeningSchema,
  vaultRequestSchema,
  type Vault,
  type VaultAnswer,
  type VaultReason,
  type VaultRequest,
} from '#shared/protocol/vault.ts';
import { approvalOf, ForeignHalf, identitiesIn, type OpenedEntry } from '#shared/transfer/vault-opening.ts';
import {
  createHalf,
  openHalf,
  parseHalf,
  PASSPHRASE_LENGTH_LIMIT,
  type OpenHalf,
} from '#shared/transfer/vault-half.ts';
import { ApiProblem, type ApiClient } from '../../client/src/net/api-client.ts';
import { parseArguments, printable, UsageError, type Arguments } from './arguments.ts';
import type { Surroundings } from './command.ts';
import { connect, CONNECTION_OPTIONS } from './connect.ts';

type Work = {
  readonly api: ApiClient;
  readonly options: Arguments;
  readonly around: Surroundings;
};

async function begin(
  args: readonly string[],
  around: Surroundings,
  values: readonly string[],
): Promise<Work> {
  const options = parseArguments(args, { values: [...CONNECTION_OPTIONS, ...values], flags: ['json'] });
  const { api } = await connect(options, around);
  return { api, options, around };
}

/** `--half FILE` also compares the key that the gateway shows with that of the half. */
export async function vaultList(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, ['half']);
  const answer = await read(work);
  const path = work.options.value('half');
  const shownKey = path === null ? null : await compareKey(answer, path);
  if (work.options.flag('json')) around.print(JSON.stringify({ ...answer, ...shownKey }, null, 2));
  else
    for (const line of [...answer.vaults.map(lineOfVault), ...answer.requests.map(lineOfRequest)])
      around.print(line);
  if (shownKey?.isMine === false)
    around.say('The vault has another key than this half: do not use it, and find out why.');
  return shownKey?.isMine === false ? 1 : 0;
}

async function compareKey({ vaults }: VaultAnswer, path: string): Promise<{ readonly isMine: boolean }> {
  const half = await readHalfFile(path);
  const vault = vaults.find(({ id }) => id === half.vault);
  return { isMine: vault?.holders.some(({ key }) => key === half.publicKey) ?? false };
}

/** `vault make HOLDER HOLDER`: by an administrator. */
export async function vaultMake(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, []);
  if (work.options.rest.length !== 2) throw new UsageError('name two users');
  const answer = await send(work, 'POST', '/admin/vault', { holders: work.options.rest });
  const { vaults } = vaultAnswerSchema.parse(answer);
  return tell(
    work,
    vaults[0]!,
    `The vault ${vaults[0]!.id} waits for two halves: relay vault half FILE, by each holder.`,
  );
}

/** `vault half FILE`: by each of the two holders, once. */
export async function vaultHalf(args: readonly string[], around: Surroundings): Promise<number> {
  const passphrase = passphraseIn(around);
  if (passphrase.length < PASSPHRASE_LENGTH_LIMIT)
    throw new UsageError(`RELAY_VAULT_PASSPHRASE must have ${PASSPHRASE_LENGTH_LIMIT} characters or more`);
  const work = await begin(args, around, []);
  const path = onlyOne(work, 'FILE');
  const { id: own } = await work.api.json('/auth/me', userSchema, { signal: around.signal });
  const vault = (await read(work)).vaults.find(({ state }) => state === 'waiting');
  const isWanted = vault?.holders.some(({ account, key }) => account === own && key === null);
  if (vault === undefined || isWanted !== true)
    throw new UsageError('no vault waits for a half of this user');
  const file = await createHalf(vault.id, passphrase);
  // Kept before the gateway has its key: a vault whose half is nowhere could never be opened.
  await writeFile(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await send(work, 'PUT', `/admin/vault/${vault.id}/key`, { key: file.publicKey });
  } catch (error) {
    // A lost answer leaves it in doubt whether the gateway has the key; a refusal does not.
    if (error instanceof ApiProblem) await rm(path);
    throw error;
  }
  return tell(
    work,
    { vault: vault.id, key: file.publicKey },
    `Your half is in ${printable(path)}. Keep it and its passphrase apart, and a copy of each.`,
  );
}

/** `vault ask PSEUDONYM --reason REASON`: by one holder. */
export async function vaultAsk(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, ['reason']);
  const reason = reasonIn(work.options);
  const pseudonym = onlyOne(work, 'PSEUDONYM');
  const { vaults } = await read(work);
  const request = await askFirst(work, vaults, { pseudonym, reason });
  return tell(
    work,
    request,
    `Asked. ${printable(request.other)} approves it with: relay vault approve ${request.id} --half FILE`,
  );
}

/** The newest vault that has the pseudonym. */
async function askFirst(
  work: Work,
  [vault, ...others]: readonly Vault[],
  asked: { readonly pseudonym: string; readonly reason: VaultReason },
): Promise<VaultRequest> {
  if (vault === undefined)
    throw new UsageError('no vault of which this user holds a half has this pseudonym');
  try {
    const answer = await send(work, 'POST', '/admin/vault/requests', { vault: vault.id, ...asked });
    return vaultRequestSchema.parse(answer);
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'not-found') return askFirst(work, others, asked);
    throw error;
  }
}

/** `vault approve REQUEST --half FILE`: by the other holder. */
export async function vaultApprove(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, ['half']);
  const { half, path } = await halfAndRequest(work);
  const opening = await work.api.json(path, vaultOpeningSchema, { signal: around.signal });
  const shares = await approvalOf(opening, half).catch(refuseForeign);
  if (shares.length === 0) throw new UsageError('this half opens no entry of that pseudonym');
  const request = vaultRequestSchema.parse(await send(work, 'POST', `${path}/approve`, { shares }));
  return tell(
    work,
    request,
    `Approved. ${printable(request.askedBy)} opens it with: relay vault open ${request.id} --half FILE`,
  );
}

/** `vault refuse REQUEST`: by the other holder, or to take one's own back. */
export async function vaultRefuse(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, []);
  const path = requestPath(onlyOne(work, 'REQUEST'));
  const request = vaultRequestSchema.parse(await send(work, 'POST', `${path}/refuse`));
  return tell(work, request, 'Refused. Nothing is opened by it.');
}

/** `vault open REQUEST --half FILE`: by the holder who asked. Exit code 1: no entry opens. */
export async function vaultOpen(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, ['half']);
  const { half, path } = await halfAndRequest(work);
  const opening = vaultOpeningSchema.parse(await send(work, 'POST', `${path}/open`));
  const opened = await identitiesIn(opening, half).catch(refuseForeign);
  const shown = opened.map(({ entry: { writtenBy, writtenAt, hasArrived }, identity }) => ({
    identity,
    writtenBy,
    writtenAt,
    hasArrived,
  }));
  if (work.options.flag('json')) around.print(JSON.stringify({ entries: shown }, null, 2));
  else for (const one of opened) around.print(lineOfIdentity(one));
  return opened.some(({ identity }) => identity !== null) ? 0 : 1;
}

/** `vault close VAULT`, `vault destroy VAULT`: by an administrator. */
export async function vaultClose(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, []);
  const id = onlyOne(work, 'VAULT');
  await send(work, 'POST', `/admin/vault/${encodeURIComponent(id)}/close`);
  return tell(work, { id }, 'Closed: it takes no more identities. Those in it can still be opened.');
}

export async function vaultDestroy(args: readonly string[], around: Surroundings): Promise<number> {
  const work = await begin(args, around, []);
  const id = onlyOne(work, 'VAULT');
  await send(work, 'DELETE', `/admin/vault/${encodeURIComponent(id)}`);
  return tell(work, { id }, 'Destroyed: nobody can open an identity of it any more.');
}

const read = ({ api, around }: Work) =>
  api.json('/admin/vault', vaultAnswerSchema, { signal: around.signal });

/** The answer's JSON. Throws ApiProblem. */
function send({ api, around }: Work, method: string, path: string, body?: object): Promise<unknown> {
  const options = { method, ...(body !== undefined && { body }), signal: around.signal };
  // Only a deletion is answered by nothing.
  return method === 'DELETE' ? api.text(path, options) : api.json(path, z.unknown(), options);
}

function onlyOne({ options }: Work, what: string): string {
  const [one, ...more] = options.rest;
  if (one === undefined || more.length > 0) throw new UsageError(`name one ${what}`);
  return one;
}

function reasonIn(options: Arguments): VaultReason {
  const reason = VAULT_REASONS.find((each) => each === options.value('reason'));
  if (reason === undefined) throw new UsageError(`--reason is one of ${VAULT_REASONS.join(', ')}`);
  return reason;
}

function requestPath(id: string): string {
  if (!z.uuid().safeParse(id).success) throw new UsageError('REQUEST is the id that vault ask printed');
  return `/admin/vault/requests/${id}`;
}

async function halfAndRequest(work: Work): Promise<{ readonly half: OpenHalf; readonly path: string }> {
  const path = requestPath(onlyOne(work, 'REQUEST'));
  const file = work.options.value('half');
  if (file === null) throw new UsageError('--half FILE is missing');
  const half = await openHalf(await readHalfFile(file), passphraseIn(work.around));
  if (half === null) throw new UsageError('the passphrase does not open this half');
  return { half, path };
}

async function readHalfFile(path: string) {
  const half = parseHalf(await readFile(path, 'utf8').catch(() => ''));
  if (half === null) throw new UsageError(`${printable(path)} is no half of a vault`);
  return half;
}

function passphraseIn({ env }: Surroundings): string {
  const passphrase = env.RELAY_VAULT_PASSPHRASE;
  if (!passphrase) throw new UsageError('RELAY_VAULT_PASSPHRASE must hold the passphrase of your half');
  return passphrase;
}

function refuseForeign(error: unknown): never {
  if (!(error instanceof ForeignHalf)) throw error;
  throw new UsageError(
    'this half does not belong to that vault, or the gateway shows another key in its place',
  );
}

function tell({ options, around }: Work, document: object, line: string): number {
  around.print(options.flag('json') ? JSON.stringify(document, null, 2) : line);
  return 0;
}

function lineOfVault({ id, state, holders, entries, patients }: Vault): string {
  const names = holders.map(
    ({ username, key }) => `${printable(username)}${key === null ? ' (no half yet)' : ''}`,
  );
  return `vault ${id}  ${state}  holders: ${names.join(', ')}  ${patients} patients, ${entries} entries`;
}

function lineOfRequest({ id, state, pseudonym, reason, askedBy, other, askedAt }: VaultRequest): string {
  return `request ${id}  ${state}  ${pseudonym}  ${reason}  asked by ${printable(askedBy)} at ${askedAt}, answered by ${printable(other)}`;
}

function lineOfIdentity({ entry: { writtenBy, writtenAt, hasArrived }, identity }: OpenedEntry): string {
  const by = `written by ${printable(writtenBy)} at ${writtenAt}${hasArrived ? '' : '; its study has not arrived'}`;
  if (identity === null) return `does not open  (${by})`;
  const { patientID, issuer, name, birthDate } = identity;
  const values = [patientID, issuer, name, birthDate].map((value) => printable(value) || '-');
  return `${values.join('  ')}  (${by})`;
}
