/** Signing in at a gateway that runs as a process of its own. */
import type { Session } from '#shared/protocol/api.ts';

export type Credentials = { readonly username: string; readonly password: string };

/** `api`: the URL of the API. Throws when the gateway refuses. */
export async function signInAt(api: string, credentials: Credentials): Promise<Session> {
  const answer = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Session;
}
