/** Hands every store of this device to the views: each folder has a hook for its own. */
import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ProvideApi, ProvideSession, ProvideSignOutTasks } from '../net/net-context.ts';
import { ProvideIngest, ProvideTriageViews } from '../pipeline/ingest/ingest-context.ts';
import { ProvideQueue } from '../pipeline/queue/queue-context.ts';
import { ProvideTriage } from '../pipeline/triage/triage-context.ts';
import type { Device } from './device.ts';
import { ProvideTheme, type Theme } from './theme.ts';

export type ProvideStoresProps = {
  readonly device: Device;
  readonly theme: Signal<Theme>;
  readonly children: ComponentChildren;
};

export function ProvideStores({ device, theme, children }: ProvideStoresProps) {
  const { session, api, signOutTasks, ingest, queue, triage } = device;
  return (
    <ProvideTheme value={theme}>
      <ProvideSession value={session}>
        <ProvideApi value={api}>
          <ProvideSignOutTasks value={signOutTasks}>
            <ProvideIngest value={ingest}>
              <ProvideQueue value={queue}>
                <ProvideTriageViews value={triage}>
                  <ProvideTriage value={triage}>{children}</ProvideTriage>
                </ProvideTriageViews>
              </ProvideQueue>
            </ProvideIngest>
          </ProvideSignOutTasks>
        </ProvideApi>
      </ProvideSession>
    </ProvideTheme>
  );
}
