//! Tasks, promises, channels. Most rows only name the work: the machine, which has the tasks, does it.

use super::Args;
use crate::runtime::channel;
use crate::runtime::error::{RuntimeError, Trap};
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

pub(super) fn new_channel(_: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(channel::new())
}

macro_rules! traps {
    ($($name:ident $trap:ident;)*) => {
        $(pub(super) fn $name(_: &mut Host, _: &mut Args<'_>) -> Outcome {
            Err(RuntimeError::Trap(Trap::$trap))
        })*
    };
}

traps! {
    sleep Sleep;
    async_sleep AsyncSleep;
    async_timeout AsyncTimeout;
    promise_all PromiseAll;
    parallel_map ParallelMap;
    par_each ParEach;
    spawn_task SpawnTask;
    await_task AwaitTask;
    cancel_task CancelTask;
    get_pool_size GetPoolSize;
    set_pool_size SetPoolSize;
    shared_set SharedSet;
    shared_get SharedGet;
    shared_has SharedHas;
    shared_delete SharedDelete;
    shared_add_int SharedAddInt;
}
