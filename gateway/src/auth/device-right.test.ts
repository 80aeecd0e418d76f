import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import { DAY_MS } from '#shared/day.ts';
import type { Session } from '#shared/protocol/api.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import { testDatabases } from '../testing/open-database.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { createTestDevice, type TestDevice } from '../testing/open-device.ts';

const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;
const STUDY = '2.25.811';

/** A device's manifest for a study of one instance. */
const manifestOf = (number: number) => ({
  protocolVersion: 1,
  policy: { name: 'identified', version: 1 },
  studyInstanceUID: `${STUDY}.${number}`,
  instances: [
    {
      sopInstanceUID: `${STUDY}.${number}.1`,
      seriesInstanceUID: `${STUDY}.${number}.2`,
      sopClassUID: '1.2.840.10008.5.1.4.1.1.7',
      transferSyntaxUID: '1.2.840.10008.1.2.1',
      bytes: 1000,
      digest: String(number % 10).repeat(64),
    },
  ],
});

for (const { name, open } of testDatabases('the right to send')) {
  const test = suite(`the right to send on ${name}`);
  let gateway: TestGateway;
  let session: Session;
  let device: TestDevice;
  let studies = 0;
  const nextStudy = (): number => {
    studies += 1;
    return studies;
  };
  test.before(async () => {
    gateway = await openTestGateway({ start: false, open });
    session = await gateway.userWith(['technician']);
  });
  test.after(() => gateway.close());
  test.before.each(async () => {
    session = await gateway.signIn(session.user.username, 'a long password');
    device = await createTestDevice(gateway);
    await device.enrol(session.accessToken);
  });
  /** For a test that changes the account: the next one needs another. */
  const isChanged = async (work: () => Promise<void>) =>
    work().finally(async () => {
      session = await gateway.userWith(['technician']);
    });

  const init = async (token: string, number = nextStudy()): Promise<{ uploadId: string; number: number }> => {
    const answer = await gateway.call('POST', '/upload/init', { token, body: manifestOf(number) });
    assert.is(answer.status, 200, await answer.clone().text());
    return { uploadId: ((await answer.json()) as { uploadId: string }).uploadId, number };
  };
  const statusOf = async (token: string, uploadId: string) =>
    (await gateway.call('GET', `/upload/${uploadId}/status`, { token })).status;
  const asAdmin = async (method: string, path: string, body: unknown) =>
    gateway.call(method, path, { token: (await gateway.signIn()).accessToken, body });

  test('continues when nobody is signed in any more', async () => {
    await gateway.call('POST', '/auth/logout', { body: { refreshToken: session.refreshToken } });
    gateway.wait(30 * DAY_MS);
    const token = await device.token();
    const { scope, device: named, sub } = decodeJwt(token);
    assert.equal([scope, named, sub], ['upload', device.id, session.user.id]);
    const { uploadId } = await init(token);
    assert.is(await statusOf(token, uploadId), 200);
  });

  test('belongs to one device: another device of the same user does not see its uploads, the signed-in user sees all', async () => {
    const other = await createTestDevice(gateway);
    await other.enrol(session.accessToken);
    const mine = await device.token();
    const theirs = await other.token();
    const { uploadId, number } = await init(mine);
    assert.equal(
      [await statusOf(theirs, uploadId), await statusOf(session.accessToken, uploadId)],
      [404, 200],
    );
    const routes = [
      ['POST', `/upload/${uploadId}/complete`],
      ['GET', `/upload/${uploadId}/receipt`],
      ['DELETE', `/upload/${uploadId}`],
      ['GET', `/events?upload=${uploadId}`],
    ] as const;
    for (const [method, path] of routes) {
      assert.is(
        await codeOf(await gateway.call(method, path, { token: theirs })),
        'upload-not-found',
        `${method} ${path}`,
      );
    }
    const metadata = `upload ${btoa(uploadId)},parcel ${btoa(crypto.randomUUID())}`;
    const creation = { 'tus-resumable': '1.0.0', 'upload-length': '500', 'upload-metadata': metadata };
    assert.is(
      await codeOf(await gateway.call('POST', '/upload/files', { token: theirs, headers: creation })),
      'upload-not-found',
    );
    const created = await gateway.call('POST', '/upload/files', { token: mine, headers: creation });
    assert.is(created.status, 201);
    const parcel = `/upload/${created.headers.get('location') ?? ''}`;
    const head = (token: string) =>
      gateway.call('HEAD', parcel, { token, headers: { 'tus-resumable': '1.0.0' } });
    assert.equal(
      [(await head(theirs)).status, (await head(mine)).status, (await head(session.accessToken)).status],
      [404, 200, 200],
    );
    assert.is.not(
      (await init(theirs, number)).uploadId,
      uploadId,
      'the same study from another device is a promise of its own',
    );
  });

  test('takes back and retries instances that the device itself promised, and leaves none out: only a person may', async () => {
    const token = await device.token();
    const { uploadId, number } = await init(token);
    const instances = manifestOf(number).instances.map(({ sopInstanceUID, digest }) => ({
      sopInstanceUID,
      digest,
    }));
    const decide = (as: string, decision: string) =>
      gateway.call('POST', `/upload/${uploadId}/decisions`, { token: as, body: { decision, instances } });
    assert.is(await codeOf(await decide(token, 'leave-out')), 'not-allowed');
    assert.is((await decide(session.accessToken, 'leave-out')).status, 200);
    assert.is((await decide(token, 'retry')).status, 200);
    assert.is((await decide(token, 'take-back')).status, 200);
  });

  test('of an administrator’s device does not show other people’s uploads', async () => {
    const { uploadId } = await init(session.accessToken);
    const admin = await gateway.signIn();
    const own = await createTestDevice(gateway);
    await own.enrol(admin.accessToken);
    assert.equal(
      [await statusOf(admin.accessToken, uploadId), await statusOf(await own.token(), uploadId)],
      [200, 404],
    );
  });

  test('takes over uploads that its user began before the device was enrolled, and both continue them', async () => {
    const { uploadId, number } = await init(session.accessToken);
    const token = await device.token();
    assert.is(await statusOf(token, uploadId), 404);
    assert.is((await init(token, number)).uploadId, uploadId);
    assert.equal(
      [await statusOf(token, uploadId), await statusOf(session.accessToken, uploadId)],
      [200, 200],
    );
  });

  test('is granted again to the same device: an enrolment whose answer was lost makes no second one', async () => {
    const { id } = device;
    assert.is(await device.enrol(session.accessToken), 200);
    assert.is(device.id, id);
  });

  test('is granted neither for a token of its own kind nor without a token', async () => {
    assert.is(await device.enrol(await device.token()), 403);
    assert.is(
      (await gateway.call('POST', '/auth/enrol', { body: { publicKey: device.publicKey } })).status,
      401,
    );
  });

  test('is proven by an assertion that is true, recent, for this gateway, and used once', async () => {
    const at = Math.floor(gateway.now().getTime() / 1000);
    const exchanged = async (assertion: string): Promise<string> => {
      gateway.wait(20_000);
      const answer = await device.exchange(assertion);
      return answer.ok ? 'given' : `${answer.status} ${await codeOf(answer)}`;
    };
    const untrue: [string, Record<string, unknown>][] = [
      ['for another gateway', { aud: 'https://elsewhere.example' }],
      ['of yesterday', { iat: at - 86_400, exp: at - 86_100 }],
      ['good for an hour', { exp: at + 3600 }],
      ['without an end', { exp: undefined }],
      ['without a name', { jti: undefined }],
      ['of an endless name', { jti: 'x'.repeat(500) }],
    ];
    for (const [what, claims] of untrue)
      assert.is(await exchanged(await device.assertion(claims)), '401 assertion-refused', what);
    const now = Math.floor(gateway.now().getTime() / 1000);
    assert.is(
      await exchanged(await device.assertion({ iat: now - 100, exp: now - 10 })),
      'given',
      'a clock may be a minute off',
    );
    assert.is(await exchanged(await device.assertion({ exp: now + 330 })), 'given', 'or a minute on');
    const once = await device.assertion();
    assert.equal([await exchanged(once), await exchanged(once)], ['given', '401 assertion-refused']);
  });

  test('is not proven by another key, by none, or in the name of another device', async () => {
    const stranger = await generateKeyPair('ES256');
    const at = Math.floor(gateway.now().getTime() / 1000);
    const claims = { ...decodeJwt(await device.assertion()), exp: at + 60 };
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(stranger.privateKey);
    const unsigned = `${btoa('{"alg":"none"}').replaceAll('=', '')}.${forged.split('.')[1] ?? ''}.`;
    const unknown = crypto.randomUUID();
    for (const assertion of [forged, unsigned, await device.assertion({ iss: unknown, sub: unknown })]) {
      assert.is(await codeOf(await device.exchange(assertion)), 'session-ended');
    }
    for (const assertion of [await device.assertion({ sub: session.user.id }), 'nonsense']) {
      assert.is(await codeOf(await device.exchange(assertion)), 'assertion-refused');
    }
  });

  test('ends at once when its user is disabled or gets a new password, and is granted again when the user signs in', () =>
    isChanged(async () => {
      const token = await device.token();
      const { uploadId } = await init(token);
      const changes = [
        () => asAdmin('PUT', `/admin/users/${session.user.id}/password`, { password: 'another password' }),
        () => asAdmin('PATCH', `/admin/users/${session.user.id}`, { disabled: true }),
      ] as const;
      for (const change of changes) {
        const before = await device.token();
        assert.is(await statusOf(before, uploadId), 200);
        assert.ok((await change()).ok);
        assert.is(await statusOf(before, uploadId), 401, 'the token that it has');
        assert.is(
          await codeOf(await device.exchange(await device.assertion())),
          'session-ended',
          'and the next one',
        );
        await asAdmin('PATCH', `/admin/users/${session.user.id}`, { disabled: false });
        assert.is(
          await codeOf(await device.exchange(await device.assertion())),
          'session-ended',
          'enabling somebody gives no right back',
        );
        const again = await gateway.signIn(session.user.username, 'another password');
        assert.is(await device.enrol(again.accessToken), 200);
        assert.is(await statusOf(await device.token(), uploadId), 200, 'its uploads are still its own');
      }
    }));

  test('goes by the roles that its user has now', () =>
    isChanged(async () => {
      const refusal = async (token: string) =>
        codeOf(await gateway.call('POST', '/upload/init', { token, body: manifestOf(nextStudy()) }));
      const token = await device.token();
      await asAdmin('PATCH', `/admin/users/${session.user.id}`, { roles: ['auditor'] });
      assert.is(await refusal(token), 'not-authenticated', 'a token of the roles before');
      assert.is(await refusal(await device.token()), 'not-allowed');
      await asAdmin('PATCH', `/admin/users/${session.user.id}`, { roles: ['researcher'] });
      assert.is(await refusal(await device.token()), 'policy-not-allowed');
    }));

  test('ends when it was not used for sixty days, and lasts as long as it is used', async () => {
    for (let month = 0; month < 4; month += 1) {
      gateway.wait(59 * DAY_MS);
      await device.token();
    }
    gateway.wait(61 * DAY_MS);
    assert.is(await codeOf(await device.exchange(await device.assertion())), 'session-ended');
    const events = await gateway.database.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'device-ended')
      .execute();
    assert.ok(
      events.some(
        ({ fields }) => JSON.stringify(fields).includes(device.id) && fields['because'] === 'unused',
      ),
    );
  });

  test('is limited to so many devices of an account: the one unused for longest gives way, and reads nothing any more', () =>
    isChanged(async () => {
      const { accessToken, user } = session;
      const seen = (minutesAgo: number) => new Date(gateway.now().getTime() - minutesAgo * 60_000);
      const token = await device.token();
      const { uploadId } = await init(token);
      const { db } = gateway.database;
      await db
        .updateTable('device')
        .set({ last_seen_at: seen(5) })
        .where('id', '=', device.id)
        .execute();
      const others = Array.from({ length: 199 }, (_, number) => ({
        site_id: user.siteId,
        account_id: user.id,
        thumbprint: `t${number}`,
        public_key: '{}',
        last_seen_at: seen(1),
        revoked_at: null,
      }));
      await db.insertInto('device').values(others).execute();
      assert.is(await statusOf(token, uploadId), 200);
      await (await createTestDevice(gateway)).enrol(accessToken);
      const living = await db
        .selectFrom('device')
        .select('thumbprint')
        .where('account_id', '=', user.id)
        .where('revoked_at', 'is', null)
        .execute();
      assert.is(living.filter(({ thumbprint }) => /^t\d+$/.test(thumbprint)).length, 199);
      assert.is(await statusOf(token, uploadId), 401);
    }));

  test('is in the audit trail when it begins and when it ends', () =>
    isChanged(async () => {
      await asAdmin('PATCH', `/admin/users/${session.user.id}`, { disabled: true });
      const rows = await gateway.database.db
        .selectFrom('audit')
        .select(['event', 'fields'])
        .where('event', 'like', 'device-%')
        .execute();
      const told = rows
        .filter(({ fields }) => JSON.stringify(fields).includes(device.id))
        .map(({ event }) => event);
      assert.equal(told, ['device-enrolled', 'device-ended']);
      assert.is((await verifyAudit(gateway.database.db)).kind, 'whole');
    }));

  test.run();
}

const limited = suite('guessing for a device');
limited('is slowed down as guessing passwords is', async () => {
  const gateway = await openTestGateway({ start: false, env: { RELAY_RATE_LIMIT: '6000' } });
  const device = await createTestDevice(gateway);
  const { accessToken } = await gateway.signIn();
  await device.enrol(accessToken);
  const statuses = [];
  for (let i = 0; i < 11; i += 1)
    statuses.push((await device.exchange(await device.assertion({ aud: 'x' }))).status);
  assert.equal(statuses, [...Array<number>(10).fill(401), 429]);
  gateway.wait(60_000);
  await device.token();
  await gateway.close();
});
limited.run();
