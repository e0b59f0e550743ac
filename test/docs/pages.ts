import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../packaging/packed-package';
import { codeBlocks } from '../packaging/readme';
import type { CodeBlock } from '../packaging/readme';

export const docs = join(root, 'docs');

/** A page of the documentation. */
export interface Page {
  /** Its file without the ending. */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

export function readPages(): Page[] {
  const files = readdirSync(docs).filter((file) => file.endsWith('.md'));
  return files.map((file) => {
    const text = readFileSync(join(docs, file), 'utf8');
    return { name: file.replace(/\.md$/, ''), text, blocks: codeBlocks(text) };
  });
}

export function readPage(name: string): Page {
  const page = readPages().find((candidate) => candidate.name === name);
  if (page === undefined) throw new Error(`There is no page docs/${name}.md.`);
  return page;
}

/** The code of the block with this title. */
export function codeOf(page: Page, title: string): string {
  const block = page.blocks.find((candidate) => candidate.title === title);
  if (block === undefined) throw new Error(`docs/${page.name}.md has no code block with title="${title}".`);
  return block.code;
}

/** A heading, and what stands between it and the next one. */
export interface Section {
  readonly heading: string;
  readonly text: string;
}

export function sectionsOf(text: string): Section[] {
  const withoutCode = text.replace(/^```[\s\S]*?^```$/gm, (code) => code.replace(/^#/gm, ' #'));
  return withoutCode.split(/^(?=#{1,6} )/m).map((part) => {
    const [heading = '', ...rest] = part.split('\n');
    return { heading: heading.replace(/^#+ /, ''), text: rest.join('\n') };
  });
}
