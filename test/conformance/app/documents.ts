import { readFileSync } from 'node:fs';

/** A class or function as data: a subclass of `base`, or of the kit's own class of that `kind`, with other attributes. */
export interface Definition {
  readonly type: DefinitionType;
  readonly base?: string;
  readonly kind?: string;
  readonly [attribute: string]: unknown;
}

export type DefinitionType =
  | 'authenticator'
  | 'permission'
  | 'throttle'
  | 'parser'
  | 'renderer'
  | 'negotiation'
  | 'versioning'
  | 'exceptionHandler';

/** An exception as data. */
export interface ExceptionDefinition {
  readonly exception: string;
  readonly detail?: unknown;
  readonly code?: string | null;
  readonly wait?: number | null;
  readonly method?: string;
  readonly mediaType?: string;
  readonly status?: number;
  readonly defaultDetail?: string;
  readonly defaultCode?: string;
}

/** What a method of a view does. */
export interface HandlerDefinition {
  readonly kind: string;
  readonly [option: string]: unknown;
}

export interface FormatSuffixDefinition {
  readonly allowed?: readonly string[];
  readonly required?: boolean;
}

/** DRF's settings under DRF's names. */
export type RestFrameworkSettings = Readonly<Record<string, unknown>>;

export interface ViewDefinition {
  readonly path: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly formatSuffix?: boolean | FormatSuffixDefinition;
  readonly style?: 'class' | 'function';
  readonly methods?: readonly string[];
  readonly className?: string;
  readonly description?: string;
  readonly viewName?: string;
  readonly viewSuffix?: string;
  readonly authenticationClasses?: readonly string[];
  readonly permissionClasses?: readonly string[];
  readonly throttleClasses?: readonly string[];
  readonly parserClasses?: readonly string[];
  readonly rendererClasses?: readonly string[];
  readonly contentNegotiationClass?: string;
  readonly versioningClass?: string | null;
  readonly metadataClass?: string | null;
  readonly throttleScope?: string;
  readonly model?: string;
  readonly performAuthentication?: boolean;
  readonly settings?: RestFrameworkSettings;
  readonly handler?: HandlerDefinition;
  readonly handlers?: Readonly<Record<string, HandlerDefinition>>;
  readonly builtin?: string;
}

/** `views.json` */
export interface ViewsDocument {
  readonly settings?: RestFrameworkSettings;
  readonly definitions?: Readonly<Record<string, Definition>>;
  readonly views: readonly ViewDefinition[];
}

export interface UserFixture {
  readonly username: string;
  readonly password?: string;
  readonly is_active?: boolean;
  readonly is_staff?: boolean;
  readonly is_superuser?: boolean;
  readonly permissions?: readonly string[];
  readonly groups?: readonly string[];
}

export interface GroupFixture {
  readonly name: string;
  readonly permissions?: readonly string[];
}

export interface ObjectPermissionFixture {
  readonly user: string;
  readonly permission: string;
  readonly note: number;
}

export interface TokenFixture {
  readonly key: string;
  readonly user: string;
}

export interface Note {
  readonly id: number;
  readonly title: string;
  readonly owner: string;
}

/** `fixtures.json` */
export interface Fixtures {
  readonly users?: readonly UserFixture[];
  readonly groups?: readonly GroupFixture[];
  readonly tokens?: readonly TokenFixture[];
  readonly customTokens?: readonly TokenFixture[];
  readonly notes?: readonly Note[];
  readonly objectPermissions?: readonly ObjectPermissionFixture[];
}

export function readDocument<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
