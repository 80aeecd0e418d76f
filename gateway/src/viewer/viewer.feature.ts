/**
 * The built-in viewer: the administrator's routes, links that open one study, and the app that serves the viewer's
 * port.
 */
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { ViewerLink } from '#shared/protocol/viewer.ts';
import type { Callers } from '../auth/callers.ts';
import { createViewerTokens } from '../auth/viewer-token.ts';
import type { Config } from '../config.ts';
import type { Db } from '../database/database.ts';
import { destinationOfStudy } from '../destinations/destination.store.ts';
import type { Feature } from '../feature.ts';
import type { ApiTools } from '../http/api.ts';
import type { Caller, GatewayEnv, Router } from '../http/route.ts';
import type { Keys } from '../keys.ts';
import { createPacsAgent, fetchBy, PUBLIC_TLS } from '../ports/pacs/pacs-agent.ts';
import { openViewerFiles } from './viewer-files.ts';
import type { ViewerPackage } from './viewer-package.ts';
import { createViewerWeb } from './viewer-web.ts';
import { viewerRoutes } from './viewer.routes.ts';

type ViewerFeatureTools = Omit<ApiTools, 'callers'> &
  Pick<Config, 'viewer' | 'dataDir' | 'pacsProxy' | 'blocked'> & {
    readonly db: Db;
    readonly callers: Callers;
    readonly keys: Pick<Keys, 'tokens' | 'tokenKey'>;
    readonly viewerPackage: ViewerPackage;
    readonly now: () => Date;
  };

export type ViewerFeature = Feature & {
  readonly builtInLink: (caller: Caller, studyInstanceUID: string) => Promise<ViewerLink | null>;
  /** Serves the viewer's port; null if none is set. */
  readonly web: (reading: readonly Router[]) => Hono<GatewayEnv> | null;
};

const SWEEP_SECONDS = 3600;

export function viewerFeature(tools: ViewerFeatureTools): ViewerFeature {
  const { db, keys, viewer, publicUrl, now, newId, log } = tools;
  const files = openViewerFiles({
    folder: join(tools.dataDir, 'viewer'),
    package: tools.viewerPackage,
    fetch: fetchBy(createPacsAgent(PUBLIC_TLS, tools.pacsProxy, tools.blocked)),
    hasProxy: tools.pacsProxy !== null,
    ...{ log, now },
  });
  const tokens = createViewerTokens({
    signingKey: () => keys.tokens,
    keyOf: keys.tokenKey,
    issuer: publicUrl,
    audience: viewer?.url ?? '',
    ...{ now, newId },
  });
  return {
    routes: [viewerRoutes({ db, now, files, hasPort: viewer !== null })],
    clocks: [{ name: 'viewer-upkeep', everySeconds: SWEEP_SECONDS, run: () => files.sweep() }],
    stop: () => files.close(),
    web: (reading) => viewer && createViewerWeb({ ...tools, viewerUrl: viewer.url, tokens, files, reading }),
    async builtInLink({ id: accountId, epoch, siteId }, studyInstanceUID) {
      if (viewer === null || files.served() === null) return null;
      const study = { site_id: siteId, study_instance_uid: studyInstanceUID, destination_id: null };
      const destination = await destinationOfStudy(db, study);
      // Our DICOMweb routes read from the primary destination only.
      if (destination?.is_primary !== true || ['folder', 'dimse'].includes(destination.kind)) return null;
      const token = await tokens.sign({ accountId, epoch, studyInstanceUID });
      return { title: 'OHIF', url: `${viewer.url}/relay/open`, token };
    },
  };
}
