/** Hands every store of this device to the views: each folder has a hook for its own. */
import type { ComponentChildren } from 'preact';
import { ProvideApi, ProvideSession, ProvideSignOutTasks } from '../net/net-context.ts';
import { ProvideIngest, ProvideTriageViews } from '../pipeline/ingest/found/ingest-context.ts';
import { ProvideQueue } from '../pipeline/queue/queue-context.ts';
import { ProvideStick } from '../pipeline/upload/sender/stick-context.ts';
import { ProvideTriage } from '../pipeline/triage/triage-context.ts';
import { ProvideOutboxes } from '../outbox/outboxes.ts';
import { ProvideOpenReviews } from '../reviews/parts/open-reviews.ts';
import type { Device } from './device.ts';
import { ProvideLooks, type Looks } from './looks.ts';

type ProvideStoresProps = {
  readonly device: Device;
  readonly looks: Looks;
  readonly children: ComponentChildren;
};

export function ProvideStores({ device, looks, children }: ProvideStoresProps) {
  const { session, api, signOutTasks, outboxes, openReviews, ingest, queue, stick, triage } = device;
  return (
    <ProvideLooks value={looks}>
      <ProvideSession value={session}>
        <ProvideApi value={api}>
          <ProvideSignOutTasks value={signOutTasks}>
            <ProvideOutboxes value={outboxes}>
              <ProvideOpenReviews value={openReviews}>
                <ProvideIngest value={ingest}>
                  <ProvideQueue value={queue}>
                    <ProvideStick value={stick}>
                      <ProvideTriageViews value={triage}>
                        <ProvideTriage value={triage}>{children}</ProvideTriage>
                      </ProvideTriageViews>
                    </ProvideStick>
                  </ProvideQueue>
                </ProvideIngest>
              </ProvideOpenReviews>
            </ProvideOutboxes>
          </ProvideSignOutTasks>
        </ProvideApi>
      </ProvideSession>
    </ProvideLooks>
  );
}
