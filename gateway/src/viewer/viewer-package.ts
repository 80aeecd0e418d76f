/**
 * The package of the built-in viewer: one version of OHIF as published on npm, identified by its digest. It is not a
 * dependency, because most sites do not need its 208 MB. As the digest is pinned here, the server that it comes from
 * need not be trusted.
 */

export type ViewerPackage = {
  readonly version: string;
  /** `https:`, `http:` or `file:`. */
  readonly address: string;
  /** SHA-512 of the tarball, in base64. */
  readonly sha512: string;
  /** Length of the tarball. */
  readonly bytes: number;
};

const VERSION = '3.13.2';
const NPM = `https://registry.npmjs.org/@ohif/app/-/app-${VERSION}.tgz`;

/** `address`: where the site keeps a copy of the package; null: npm. */
export const ohifPackage = (address: string | null): ViewerPackage => ({
  version: VERSION,
  address: address ?? NPM,
  sha512: 'WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==',
  bytes: 49_906_651,
});

/** OHIF has 249 files with 204 MB; the largest is 25 MB. */
export const UNPACKING = { files: 2000, bytes: 512 * 1024 ** 2, fileBytes: 64 * 1024 ** 2 } as const;
