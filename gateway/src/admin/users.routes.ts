/**
 * `/admin/users`: who may sign in. For the role `admin`; the command line (`relay user …`) comes here too.
 */
import { z } from '@hono/zod-openapi';
import { newPasswordSchema, newUsernameSchema, roleSchema } from '#shared/protocol/api.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import {
  type Account,
  findAccount,
  insertAccount,
  listAccounts,
  lockAdmins,
  updateAccount,
} from '../auth/account.store.ts';
import { UNUSED, useOfAccounts } from '../auth/account-use.ts';
import { endRightsOf } from '../auth/device-right.ts';
import { endFamiliesOf } from '../auth/refresh-token.store.ts';
import type { PasswordCost } from '../auth/password.ts';
import { hashNewPassword, setPassword } from '../auth/set-password.ts';
import { signOutEverywhere } from '../auth/sign-in.ts';
import type { Db, Trx } from '../database/database.ts';
import {
  type Caller,
  callerOf,
  createRouter,
  defineRoute,
  jsonBody,
  jsonResponse,
  type Router,
} from '../http/route.ts';

const username = newUsernameSchema;
const password = newPasswordSchema;
const roles = z.array(roleSchema).min(1).max(5);

const listedUser = z
  .object({
    id: z.uuid(),
    username: z.string(),
    roles: z.array(roleSchema),
    siteId: z.uuid(),
    createdAt: z.iso.datetime(),
    disabled: z.boolean(),
  })
  .openapi('ListedUser');
const userInUse = listedUser
  .extend({
    lastSignInAt: z.iso.datetime().nullable(),
    sessions: z.number().int().openapi({ description: 'Browsers and programs that are signed in.' }),
    devices: z.number().int().openapi({ description: 'Devices that may send what waits on them.' }),
    modalities: z
      .array(z.string())
      .openapi({ description: 'The AE titles of modalities that store for it over DIMSE.' }),
  })
  .openapi('UserInUse');
const byId = z.object({ id: z.uuid() });
const ADMIN = ['admin'] as const;

const list = defineRoute({
  method: 'get',
  path: '/admin/users',
  summary: 'The accounts of the site',
  roles: ADMIN,
  tags: ['admin'],
  responses: {
    200: jsonResponse(
      z.object({ users: z.array(userInUse) }),
      'Everybody who may sign in, and who no longer may.',
    ),
  },
});
const add = defineRoute({
  method: 'post',
  path: '/admin/users',
  summary: 'Create an account',
  roles: ADMIN,
  problems: ['user-exists', 'weak-password'],
  tags: ['admin'],
  request: { body: jsonBody(z.object({ username, password, roles })) },
  responses: { 201: jsonResponse(listedUser, 'Added.') },
});
const change = defineRoute({
  method: 'patch',
  path: '/admin/users/{id}',
  summary: 'Change an account: its roles, or whether it is disabled',
  roles: ADMIN,
  problems: ['not-found', 'last-admin'],
  tags: ['admin'],
  request: {
    params: byId,
    body: jsonBody(z.object({ roles: roles.optional(), disabled: z.boolean().optional() })),
  },
  responses: { 200: jsonResponse(listedUser, 'Changed. A user who was disabled is signed out everywhere.') },
});
const givePassword = defineRoute({
  method: 'put',
  path: '/admin/users/{id}/password',
  summary: 'Set a new password. All sessions of the account end',
  roles: ADMIN,
  problems: ['not-found', 'weak-password'],
  tags: ['admin'],
  request: { params: byId, body: jsonBody(z.object({ password })) },
  responses: {
    204: {
      description:
        'Set. The user is signed out everywhere, and what waits on devices travels on after the next sign-in.',
    },
  },
});
const endSessions = defineRoute({
  method: 'delete',
  path: '/admin/users/{id}/sessions',
  operationId: 'signOutUser',
  roles: ADMIN,
  problems: ['not-found'],
  tags: ['admin'],
  summary: 'Sign a user out everywhere: all sessions end, and so does what their devices may send',
  request: { params: byId },
  responses: { 204: { description: 'Signed out. What waits on devices travels on after the next sign-in.' } },
});
const takeOver = defineRoute({
  method: 'post',
  path: '/admin/users/{id}/take-over',
  operationId: 'takeOverStudies',
  roles: ADMIN,
  problems: ['not-found'],
  tags: ['admin'],
  summary: 'Note that you take over studies that wait on a device for this user',
  request: { params: byId, body: jsonBody(z.object({ studies: z.number().int().min(1).max(1_000_000) })) },
  responses: { 204: { description: 'In the audit trail. The device sends them under your account.' } },
});

function toListed({
  id,
  username: name,
  roles: has,
  siteId,
  createdAt,
  isDisabled,
}: Account): z.infer<typeof listedUser> {
  return { id, username: name, roles: has, siteId, createdAt: createdAt.toISOString(), disabled: isDisabled };
}

export type UserRouteTools = {
  readonly db: Db;
  readonly now: () => Date;
  readonly passwordCost: PasswordCost;
  /** Forgets the cached answers of the account or of these devices, as their rights have changed. */
  readonly forget: (accountId: string, deviceIds: readonly string[]) => void;
  /** Hands the work that the account may no longer do back to others, as part of this transaction. */
  readonly handBack: (
    trx: Trx,
    work: { readonly siteId: string; readonly accountId: string; readonly by: string },
  ) => Promise<void>;
};

/** The account with this id at the caller's site. @throws Problem not-found. */
async function accountAt(trx: Db | Trx, caller: Caller, id: string): Promise<Account> {
  const account = await findAccount(trx, { id });
  if (!account || account.siteId !== caller.siteId) throw new Problem('not-found');
  return account;
}

type Change = { roles?: Account['roles'] | undefined; disabled?: boolean | undefined };

/** Leaves out values that the account already has. */
function changeOf({ roles: has, isDisabled }: Account, { roles: wanted, disabled }: Change): Change {
  const isSame = wanted !== undefined && new Set(wanted).symmetricDifference(new Set(has)).size === 0;
  return {
    roles: isSame ? undefined : wanted,
    disabled: disabled === isDisabled ? undefined : disabled,
  };
}

type Changed = { readonly account: Account; readonly endedDevices: readonly string[] };

async function changeAccount(
  trx: Trx,
  caller: Caller,
  { id, tools, ...asked }: Change & { readonly id: string; readonly tools: UserRouteTools },
): Promise<Changed> {
  const now = tools.now();
  const admins = await lockAdmins(trx, caller.siteId);
  const account = await accountAt(trx, caller, id);
  const { roles: newRoles, disabled } = changeOf(account, asked);
  // Nothing changed, so no session ends and nothing is audited.
  if (newRoles === undefined && disabled === undefined) return { account, endedDevices: [] };
  const losesAdmin =
    account.roles.includes('admin') &&
    (disabled === true || (newRoles !== undefined && !newRoles.includes('admin')));
  if (losesAdmin && admins.every((admin) => admin === id)) throw new Problem('last-admin');
  const disabledAt = disabled === undefined ? {} : { disabledAt: disabled ? now : null };
  await updateAccount(trx, id, { ...disabledAt, ...(newRoles === undefined ? {} : { roles: newRoles }) });
  if (disabled) await endFamiliesOf(trx, id, now);
  const endedDevices = disabled ? await endRightsOf(trx, account, 'user-disabled', now) : [];
  const event = disabled === undefined ? 'user-changed' : disabled ? 'user-disabled' : 'user-enabled';
  await recordAudit(
    trx,
    account.siteId,
    { event, accountId: id, by: caller.id, ...(newRoles === undefined ? {} : { roles: newRoles }) },
    now,
  );
  await tools.handBack(trx, { siteId: account.siteId, accountId: id, by: caller.id });
  return { account: await accountAt(trx, caller, id), endedDevices };
}

type TakenOver = { readonly id: string; readonly studies: number; readonly now: Date };

async function recordTakeOver(db: Db, caller: Caller, { id, studies, now }: TakenOver): Promise<void> {
  const { id: accountId, siteId } = await accountAt(db, caller, id);
  const event = { event: 'queue-taken-over', accountId, by: caller.id, studies } as const;
  await db.transaction().execute((trx) => recordAudit(trx, siteId, event, now));
}

export function userRoutes(tools: UserRouteTools): Router {
  const { db, now, forget, passwordCost } = tools;
  const router = createRouter();
  router.openapi(list, async (c) => {
    const { siteId } = callerOf(c);
    const [accounts, use] = await Promise.all([listAccounts(db, siteId), useOfAccounts(db, siteId, now())]);
    const users = accounts.map((account) => ({ ...toListed(account), ...(use.get(account.id) ?? UNUSED) }));
    return c.json({ users }, 200);
  });

  router.openapi(add, async (c) => {
    const caller = callerOf(c);
    const asked = c.req.valid('json');
    const passwordHash = await hashNewPassword(asked.password, asked.username, passwordCost);
    const account = await db.transaction().execute(async (trx) => {
      const id = await insertAccount(trx, {
        siteId: caller.siteId,
        username: asked.username,
        roles: asked.roles,
        passwordHash,
      });
      if (!id) throw new Problem('user-exists');
      await recordAudit(
        trx,
        caller.siteId,
        { event: 'user-added', accountId: id, by: caller.id, roles: asked.roles },
        now(),
      );
      return accountAt(trx, caller, id);
    });
    return c.json(toListed(account), 201);
  });

  router.openapi(change, async (c) => {
    const { id } = c.req.valid('param');
    const { account, endedDevices } = await db
      .transaction()
      .execute((trx) => changeAccount(trx, callerOf(c), { ...c.req.valid('json'), id, tools }));
    forget(id, endedDevices);
    return c.json(toListed(account), 200);
  });

  addEnds(router, tools);
  return router;
}

/** The routes that end sessions, and so affect studies that wait on devices. */
function addEnds(router: Router, { db, now, forget, passwordCost }: UserRouteTools): void {
  router.openapi(givePassword, async (c) => {
    const caller = callerOf(c);
    const { id } = c.req.valid('param');
    const account = await accountAt(db, caller, id);
    const { password } = c.req.valid('json');
    const passwordHash = await hashNewPassword(password, account.username, passwordCost);
    const endedDevices = await db
      .transaction()
      .execute((trx) => setPassword(trx, account, { passwordHash, by: caller.id, now: now() }));
    forget(id, endedDevices);
    return c.body(null, 204);
  });

  router.openapi(endSessions, async (c) => {
    const caller = callerOf(c);
    const account = await accountAt(db, caller, c.req.valid('param').id);
    await signOutEverywhere({ db, now, forget }, account, caller.id);
    return c.body(null, 204);
  });

  router.openapi(takeOver, async (c) => {
    const { id } = c.req.valid('param');
    await recordTakeOver(db, callerOf(c), { id, ...c.req.valid('json'), now: now() });
    return c.body(null, 204);
  });
}
