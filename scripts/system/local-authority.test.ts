/** The authority of a ward's tablets is made once, issues for the machine's addresses, and for no other site. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '#testing/environment.ts';
import { findNamespacePrograms } from '#testing/network-namespace.ts';
import { openLocalAuthority } from './local-authority.ts';

const test = suite<{ folder: string }>('the local authority');
test.before.each(async (context) => {
  context.folder = join(await mkdtemp(join(tmpdir(), 'relay-authority-')), 'lan');
});
test.after.each(({ folder }) => rm(join(folder, '..'), { recursive: true, force: true }));

/** Whether a client that trusts the authority accepts the certificate. */
function isAccepted(folder: string, file: string, purpose = 'sslserver'): boolean {
  try {
    execFileSync('openssl', ['verify', '-purpose', purpose, '-CAfile', 'authority.pem', file], {
      cwd: folder,
      stdio: 'pipe',
    });
    return true;
  } catch {
    return false;
  }
}

const skipWithoutOpenssl = (): void => {
  if (findNamespacePrograms() === null) skip('the local authority', 'openssl is not installed');
};

test('is made once and kept for its owner; the certificate follows the addresses of the machine', async ({
  folder,
}) => {
  skipWithoutOpenssl();
  const first = await openLocalAuthority(folder, ['192.168.1.20']);
  const issued = await readFile(first.certFile, 'utf8');
  const again = await openLocalAuthority(folder, ['192.168.1.20']);
  assert.equal([again.fingerprint, await readFile(again.certFile, 'utf8')], [first.fingerprint, issued]);
  const moved = await openLocalAuthority(folder, ['192.168.1.20', '10.0.0.7']);
  const certificate = new X509Certificate(await readFile(moved.certFile));
  assert.is(moved.fingerprint, first.fingerprint);
  assert.ok(certificate.checkIP('10.0.0.7') && certificate.checkHost('localhost'));
  assert.ok(certificate.verify(new X509Certificate(moved.certificate).publicKey));
  assert.ok(isAccepted(folder, 'server.pem'));
  for (const place of [folder, join(folder, '..')]) assert.is((await stat(place)).mode & 0o777, 0o700);
});

test('cannot stand for a site on the Internet, whoever has its key', async ({ folder }) => {
  skipWithoutOpenssl();
  await openLocalAuthority(folder, ['192.168.1.20']);
  const names = ['DNS:www.example.org', 'IP:203.0.113.7', 'IP:192.168.7.7'];
  for (const [at, name] of names.entries()) {
    await writeFile(join(folder, 'forged.ext'), `subjectAltName = ${name}\n`);
    const by = ['-CA', 'authority.pem', '-CAkey', 'authority-key.pem', '-set_serial', String(at + 1)];
    const files = ['-in', 'server.csr', '-out', 'forged.pem', '-extfile', 'forged.ext'];
    execFileSync('openssl', ['x509', '-req', ...files, ...by], { cwd: folder, stdio: 'pipe' });
    // The last one is a machine of the ward, and shows that the recipe makes certificates at all.
    assert.is(isAccepted(folder, 'forged.pem'), at === 2, name);
    assert.not.ok(isAccepted(folder, 'forged.pem', 'smimesign'), 'it signs for servers alone');
  }
});

test.run();
