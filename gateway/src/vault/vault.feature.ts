/** The vault of identities, which is off until an administrator creates one (decisions/2026-11-vault.md). */
import type { Feature } from '../feature.ts';
import { forgetShares } from './vault-request.store.ts';
import { vaultRequestRoutes } from './vault-requests.routes.ts';
import { vaultRoutes, type VaultTools } from './vault.routes.ts';

/** How long a share may stay in the database after its request has ended. It is no longer given out then. */
const FORGET_EVERY_SECONDS = 600;

export function vaultFeature(tools: VaultTools): Feature {
  return {
    routes: [vaultRoutes(tools), vaultRequestRoutes(tools)],
    clocks: [
      {
        name: 'vault-shares',
        everySeconds: FORGET_EVERY_SECONDS,
        run: () => forgetShares(tools.db, tools.now()),
      },
    ],
  };
}
