/**
 * The gateway's own pages and scripts at the viewer's origin. The token arrives in the body of a form and is kept in
 * the tab's session storage. As no address contains it, it is in no log, no Referer header and no browser history. A
 * fragment (`#…`) would end up in the history, because browsers record the address before a script can change it.
 */

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body { background: #000; color: #fff; font: 1.125rem/1.5 system-ui, sans-serif; margin: 3rem auto;
  max-width: 34rem; padding: 0 1.5rem } h1 { font-size: 1.5rem }</style>
${body}
</html>
`;

/** Stores the token of a link in the tab. Each value has letters, digits and dots only. */
export const openingPage = (token: string, studyInstanceUID: string, seconds: number): string =>
  page(
    'Opening the study…',
    `<script src="/relay/start.js" data-token="${token}" data-study="${studyInstanceUID}" data-seconds="${seconds}"></script>`,
  );

export const endedPage: string = page(
  'This view has ended',
  '<h1>This view has ended</h1><p>A study stays open here for 15 minutes. Go back to RelayPACS, and press <b>Open in viewer</b> again.</p>',
);

/** Shown while the viewer is off or being changed. */
export const offPage: string = page(
  'The viewer is off',
  '<h1>The viewer is off</h1><p>An administrator can turn it on in RelayPACS, under Administration.</p>',
);

export const START_SCRIPT = `(() => {
  const { token, study, seconds } = document.currentScript.dataset;
  sessionStorage.setItem('relay-view', JSON.stringify({ token, study, endsAt: Date.now() + seconds * 1000 }));
  // OHIF shows its tour to newcomers, over the images.
  localStorage.setItem('shownTours', '["basicViewerTour"]');
  location.replace('/viewer?StudyInstanceUIDs=' + study);
})();
`;

/**
 * In the place of OHIF's own configuration. It asks the gateway alone, under the viewer's origin, and has no list of
 * studies: the token is good for one.
 */
export const CONFIG_SCRIPT = `(() => {
  const view = JSON.parse(sessionStorage.getItem('relay-view') ?? 'null');
  const asked = new URLSearchParams(location.search).get('StudyInstanceUIDs');
  if (view === null || view.endsAt <= Date.now() || asked !== view.study) {
    location.replace('/relay/ended');
    return;
  }
  const sayEnded = () => {
    const bar = document.createElement('p');
    bar.setAttribute('role', 'alert');
    bar.textContent = 'This view has ended: images that are not loaded yet cannot be. Press Open in viewer in RelayPACS again.';
    bar.style.cssText = 'position:fixed;inset:0 0 auto 0;margin:0;padding:.75rem 1rem;background:#ffd21f;color:#000;font:1rem/1.4 system-ui,sans-serif;z-index:99999';
    document.body.append(bar);
  };
  setTimeout(sayEnded, view.endsAt - Date.now());
  const root = location.origin + '/dicom-web';
  const signing = {
    id: 'relaypacs',
    preRegistration: ({ servicesManager }) =>
      servicesManager.services.userAuthenticationService.setServiceImplementation({
        getAuthorizationHeader: () => ({ Authorization: 'Bearer ' + view.token }),
      }),
  };
  // On a telephone the list of series would take three quarters of the page.
  const narrow = { routes: { 0: { layoutInstance: { props: { leftPanelClosed: { $set: true } } } } } };
  window.config = {
    modesConfiguration: innerWidth < 700 ? { '@ohif/mode-longitudinal': narrow } : {},
    routerBasename: '/',
    extensions: [signing],
    modes: [],
    showStudyList: false,
    maxNumberOfWebWorkers: 3,
    showLoadingIndicator: true,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: true,
    strictZSpacingForVolumeViewport: true,
    maxNumRequests: { interaction: 8, thumbnail: 2, prefetch: 6 },
    defaultDataSourceName: 'relaypacs',
    dataSources: [
      {
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'relaypacs',
        configuration: {
          friendlyName: 'RelayPACS',
          name: 'relaypacs',
          qidoRoot: root,
          wadoRoot: root,
          wadoUriRoot: root,
          qidoSupportsIncludeField: false,
          supportsReject: false,
          dicomUploadEnabled: false,
          imageRendering: 'wadors',
          thumbnailRendering: 'wadors',
          enableStudyLazyLoad: true,
          supportsFuzzyMatching: false,
          supportsWildcard: false,
          omitQuotationForMultipartRequest: true,
          bulkDataURI: { enabled: true, relativeResolution: 'studies' },
        },
      },
    ],
  };
})();
`;
