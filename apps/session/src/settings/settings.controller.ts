import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, type Type } from '@nestjs/common';
import { type SettingsQuery, settingsQuery } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { Once } from '../database/once.ts';
import { ActorOf, Allow, CallerOf, OnceOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import type { Actor } from '../lifecycle/audit.ts';
import type { Resource } from './resource.ts';
import { resources } from './resources.ts';
import { Settings } from './settings.ts';

/** Who may read is asked by resource: see `settingsSightOf`. */
function readingAndWriting(resource: Resource): Type {
  @Controller(resource.path)
  class SettingsController {
    readonly #settings: Settings;

    constructor(settings: Settings) {
      this.#settings = settings;
    }

    @Get()
    @Allow('agent', 'admin')
    list(@Query(new Validated(settingsQuery)) query: SettingsQuery, @CallerOf() caller: Caller) {
      return this.#settings.list(resource, query, caller);
    }

    @Get(':id')
    @Allow('agent', 'admin')
    get(@Param('id') id: string, @CallerOf() caller: Caller) {
      return this.#settings.get(resource, id, caller);
    }

    @Post()
    @Allow('admin')
    create(@Body(new Validated(resource.create)) body: object, @ActorOf() by: Actor, @OnceOf() once?: Once) {
      return this.#settings.create(resource, body, by, once);
    }

    @Patch(':id')
    @Allow('admin')
    update(
      @Param('id') id: string,
      @Body(new Validated(resource.update)) body: object,
      @ActorOf() by: Actor,
      @OnceOf() once?: Once,
    ) {
      return this.#settings.update(resource, id, body, by, { once });
    }
  }
  return SettingsController;
}

function deleting(resource: Resource): Type {
  @Controller(resource.path)
  @Allow('admin')
  class SettingsDeletingController {
    readonly #settings: Settings;

    constructor(settings: Settings) {
      this.#settings = settings;
    }

    @Delete(':id')
    @HttpCode(204)
    remove(@Param('id') id: string, @ActorOf() by: Actor, @OnceOf() once?: Once): Promise<void> {
      return this.#settings.remove(resource, id, by, once);
    }
  }
  return SettingsDeletingController;
}

function rotating(resource: Resource): Type {
  @Controller(resource.path)
  @Allow('admin')
  class SettingsRotatingController {
    readonly #settings: Settings;

    constructor(settings: Settings) {
      this.#settings = settings;
    }

    @Post(':id/rotate_secret')
    @HttpCode(200)
    rotate(@Param('id') id: string, @ActorOf() by: Actor, @OnceOf() once?: Once) {
      return this.#settings.rotateSecret(resource, id, by, once);
    }
  }
  return SettingsRotatingController;
}

/** Each resource under its path, with what can be done with it. */
export const settingsControllers: readonly Type[] = resources.flatMap((resource) => [
  readingAndWriting(resource),
  ...(resource.uses ? [deleting(resource)] : []),
  ...(resource.secret ? [rotating(resource)] : []),
]);
